"""What a stack tells those who use it; a secret only by the file it is in."""

import pulumi

from infra.image import ServerImage
from infra.server import Server
from infra.site import GENERATED, Site


def publish(site: Site, image: ServerImage, server: Server) -> None:
    """Export the addresses, what runs, where the token is, and the command that connects Claude Code.

    Paths are relative to the checkout, so that they are true in every clone.
    """
    token_file = f"{GENERATED}/secrets/{site.stack}/auth_token"
    pulumi.export("url", server.url)
    pulumi.export("websocketUrl", server.websocket_url)
    pulumi.export("container", server.container)
    pulumi.export("image", image.name)
    pulumi.export("tokenFile", token_file)
    pulumi.export("connect", f"{site.make('connect')} ARGS=--write")
    pulumi.export("acceptance", server.answered)
