"""What a stack tells those who use it; a secret only by where it is kept."""

from collections.abc import Mapping

import pulumi

from infra.engine import LOOPBACK
from infra.image import ServerImage
from infra.settings import Settings
from infra.site import GENERATED, Site


def publish(site: Site, settings: Settings, image: ServerImage, accepted: pulumi.Output[str]) -> None:
    """Export the addresses, what runs, where the token is, and the command that connects a client.

    The addresses are known once a call was answered, so that nobody is told of a server that does not work.
    """
    for name, text in addresses(settings).items():
        pulumi.export(name, pulumi.Output.all(accepted, text).apply(lambda known: known[1]))
    pulumi.export("image", image.name)
    for name, text in beginnings(site, settings).items():
        pulumi.export(name, text)
    pulumi.export("acceptance", accepted)


def addresses(settings: Settings) -> Mapping[str, str]:
    """Return where clients come in."""
    return {"url": settings.url, "websocketUrl": f"ws{settings.url.removeprefix('http')}"}


def beginnings(site: Site, settings: Settings) -> Mapping[str, str]:
    """Return where the token is, the command that connects a client, and where Grafana is.

    Paths are relative to the checkout, so that they are true in every clone.
    """
    found = {"connect": f"{site.make('connect')} ARGS=--write"}
    if not settings.is_production:
        found["tokenFile"] = f"{GENERATED}/secrets/{site.stack}/auth_token"
    if settings.observability:
        found["grafana"] = f"http://{LOOPBACK}:{settings.grafana_port}"
    return found
