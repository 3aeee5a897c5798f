"""What a stack tells those who use it; a secret only by where it is kept."""

import pulumi

from infra.image import ServerImage
from infra.settings import Settings
from infra.site import GENERATED, Site


def publish(site: Site, settings: Settings, image: ServerImage, accepted: pulumi.Output[str]) -> None:
    """Export the addresses, what runs, where the token is, and the line for Claude Code.

    They are known once a call was answered, so that nobody is told of a server that does not work. Paths are
    relative to the checkout, so that they are true in every clone.
    """
    websocket = f"ws{settings.url.removeprefix('http')}"
    pulumi.export("url", accepted.apply(lambda _: settings.url))
    pulumi.export("websocketUrl", accepted.apply(lambda _: websocket))
    pulumi.export("image", image.name)
    if settings.is_production:
        token = f"{site.make('token').replace('make', 'make -s', 1)}"
    else:
        token_file = f"{GENERATED}/secrets/{site.stack}/auth_token"
        pulumi.export("tokenFile", token_file)
        token = f"cat {token_file}"
    pulumi.export("claude", accepted.apply(lambda _: claude_line(websocket, token)))
    pulumi.export("acceptance", accepted)


def claude_line(url: str, token: str) -> str:
    """Return the command that makes the server known to Claude Code.

    It is run in the checkout; the shell puts in what the command `token` prints.
    """
    bearer = f"""Bearer '"$({token})"'"""
    server = f'{{"type":"ws","url":"{url}","headers":{{"Authorization":"{bearer}"}}}}'
    return f"claude mcp add-json exai '{server}'"
