"""What a stack tells those who use it; a secret only by where it is kept."""

import pulumi

from infra.engine import LOOPBACK
from infra.image import ServerImage
from infra.settings import Settings
from infra.site import GENERATED, Site


def publish(site: Site, settings: Settings, image: ServerImage, accepted: pulumi.Output[str]) -> None:
    """Export the addresses, what runs, where the token is, and the command that connects a client.

    The addresses are known once a call was answered, so that nobody is told of a server that does not work.
    Paths are relative to the checkout, so that they are true in every clone.
    """
    websocket = f"ws{settings.url.removeprefix('http')}"
    pulumi.export("url", accepted.apply(lambda _: settings.url))
    pulumi.export("websocketUrl", accepted.apply(lambda _: websocket))
    pulumi.export("image", image.name)
    if not settings.is_production:
        pulumi.export("tokenFile", f"{GENERATED}/secrets/{site.stack}/auth_token")
    pulumi.export("connect", f"{site.make('connect')} ARGS=--write")
    if settings.observability:
        pulumi.export("grafana", f"http://{LOOPBACK}:{settings.grafana_port}")
    pulumi.export("acceptance", accepted)
