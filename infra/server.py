"""The MCP server: the container everything else is there for."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pulumi

from app import contract
from infra.acceptance import Acceptance
from infra.cache import Cache
from infra.credentials import SecretFiles
from infra.database import Database
from infra.image import prune
from infra.network import Network
from infra.settings import Settings
from infra.site import Site
from infra.volume import volume
from infra.workload import Engine, Workload

SECRETS = ("auth_token", "state_key", "database_url", "redis_url")
SCRATCH_MIB = 64
RELOAD_DRAIN_SECONDS = 1
"""A reload after an edit should not wait for a long call."""
RELOAD_STOP_SECONDS = 10


@dataclass(frozen=True)
class ServerArgs:
    """`image` is an id; the server is made after `cache` and `database` are healthy."""

    engine: Engine
    site: Site
    image: pulumi.Input[str]
    network: Network
    cache: Cache
    database: Database
    credentials: SecretFiles
    settings: Settings


class Server(pulumi.ComponentResource):
    """The server, published on the host's loopback address.

    `url` and `websocket_url` are known once it is healthy. `answered` becomes known when a real MCP call has
    been answered in this very run, so that no update succeeds without one.
    """

    url: pulumi.Output[str]
    websocket_url: pulumi.Output[str]
    container: pulumi.Output[str]
    answered: pulumi.Output[str]

    def __init__(self, name: str, args: ServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("exai:infra:Server", name, None, opts)
        settings, site = args.settings, args.site
        data = volume("data", site, protect=settings.protect, parent=self)
        logs = volume("logs", site, protect=settings.protect, parent=self)
        secrets = (*SECRETS, *args.credentials.present_vendor_keys)
        acceptance = Acceptance(
            settings.published_port,
            args.credentials.path("auth_token"),
            site.containers,
            settings.healthy_within,
        )
        running = args.engine.run(
            Workload(
                service=contract.NAME,
                image=args.image,
                user=f"{contract.USER_ID}:{contract.GROUP_ID}",
                environment=_environment(settings, secrets),
                probe=contract.PROBE_SERVER,
                secrets=secrets,
                limits=settings.server,
                networks=(args.network.frontend, args.network.backend),
                volumes={contract.DATA_PATH: data, contract.LOG_PATH: logs},
                folders=_folders(site.root) if settings.hot_reload else {},
                scratch={"/tmp": SCRATCH_MIB},  # noqa: S108 - a path in the container, not here
                published={settings.published_port: contract.PORT},
                stop_seconds=RELOAD_STOP_SECONDS if settings.hot_reload else contract.STOP_GRACE_SECONDS,
                accept=(acceptance.call, partial(prune, site)),
            ),
            pulumi.ResourceOptions(parent=self, depends_on=[args.cache, args.database]),
        )
        address = running.id.apply(lambda _: f"127.0.0.1:{settings.published_port}{contract.MCP_PATH}")
        self.url = pulumi.Output.concat("http://", address)
        self.websocket_url = pulumi.Output.concat("ws://", address)
        self.container = running.name
        self.answered = pulumi.Output.all(running.id, running.name).apply(
            lambda made: acceptance.once(name=made[1])
        )
        self.register_outputs(
            {"url": self.url, "websocketUrl": self.websocket_url, "container": self.container}
        )


def _environment(settings: Settings, secrets: tuple[str, ...]) -> dict[str, str]:
    """Return the variables, in which a secret is only ever the path of its file."""
    files = {f"{name.upper()}_FILE": f"{contract.SECRETS_PATH}/{name}" for name in secrets}
    reload = {"DRAIN_TIMEOUT": str(RELOAD_DRAIN_SECONDS)} if settings.hot_reload else {}
    return {"ENVIRONMENT": settings.environment, "LOG_LEVEL": settings.log_level, **files, **reload}


def _folders(root: Path) -> dict[str, Path]:
    """Return what an edit in the checkout reaches: the package, which reloads, and the configuration."""
    folders = {contract.SOURCE_PATH: root / "app", contract.CONFIG_PATH: root / "config"}
    return {target: folder for target, folder in folders.items() if folder.is_dir()}
