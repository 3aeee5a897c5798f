"""The MCP server: what everything else is there for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi

from app import contract
from infra.cache import Cache
from infra.database import Database
from infra.engine import LOOPBACK
from infra.network import Network
from infra.secret import Credentials, Secret
from infra.settings import Settings
from infra.site import Site
from infra.volume import volume
from infra.workload import Engine, Image, Published, Running, Workload

SCRATCH_MIB = 64
RELOAD_DRAIN_SECONDS = 1
"""A reload after an edit should not wait for a long call."""
RELOAD_STOP_SECONDS = 10


@dataclass(frozen=True)
class ServerArgs:
    """The server is made after `cache` and `database` are healthy and let it in."""

    engine: Engine
    site: Site
    image: Image
    network: Network
    cache: Cache
    database: Database
    credentials: Credentials
    settings: Settings


class Server(pulumi.ComponentResource):
    """The server: in development one, published on the loopback address; in production behind the edge.

    `running` is known once it is healthy.
    """

    running: Running

    def __init__(self, name: str, args: ServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("exai:infra:Server", name, None, opts)
        settings, site = args.settings, args.site
        data = volume("data", site, protect=settings.protect, parent=self)
        logs = volume("logs", site, protect=settings.protect, parent=self)
        secrets = _secrets(args)
        port = Published(settings.published_port, contract.PORT, LOOPBACK)
        self.running = args.engine.run(
            Workload(
                service=contract.NAME,
                image=args.image,
                user=f"{contract.USER_ID}:{contract.GROUP_ID}",
                command=None if settings.hot_reload else contract.SERVER_COMMAND,
                environment=_environment(args, secrets),
                probe=contract.PROBE_SERVER,
                secrets=secrets,
                limits=settings.server,
                reached_on=args.network.frontend,
                also_on=(args.network.backend,),
                # Where Prometheus asks every replica.
                found_besides=settings.observability,
                volumes={contract.DATA_PATH: data, contract.LOG_PATH: logs},
                files=_files(site.root) if settings.is_production else {},
                folders=_folders(site.root) if settings.hot_reload else {},
                scratch={"/tmp": SCRATCH_MIB},  # noqa: S108 - a path in the container, not here
                published=None if settings.is_production else port,
                replicas=settings.replicas if settings.is_production else None,
                behind=(contract.EDGE_SERVICE,) if settings.is_production else (),
                stop_seconds=RELOAD_STOP_SECONDS if settings.hot_reload else settings.stop_seconds,
            ),
            pulumi.ResourceOptions(parent=self, depends_on=[args.cache, args.database]),
        )
        self.register_outputs({"name": self.running.name})


def _secrets(args: ServerArgs) -> Sequence[Secret]:
    credentials = args.credentials
    return (
        credentials.get("auth_token"),
        credentials.get("state_key"),
        *args.database.urls,
        *args.cache.urls,
        *credentials.others(),
    )


def _environment(args: ServerArgs, secrets: Sequence[Secret]) -> dict[str, pulumi.Input[str]]:
    """Return the variables, in which a secret is only ever the path of its file."""
    settings = args.settings
    files = {f"{secret.name.upper()}_FILE": f"{contract.SECRETS_PATH}/{secret.name}" for secret in secrets}
    reload = {"DRAIN_TIMEOUT": str(RELOAD_DRAIN_SECONDS)} if settings.hot_reload else {}
    behind: dict[str, pulumi.Input[str]] = {}
    if settings.is_production:
        # Only the edge is on this network, and it says where a call comes from.
        behind["TRUSTED_PROXIES"] = args.network.frontend.subnets.apply(",".join)
        behind["PUBLIC_URL"] = settings.url.removesuffix(contract.MCP_PATH)
    return {
        "ENVIRONMENT": settings.environment,
        "LOG_LEVEL": settings.log_level,
        **files,
        **reload,
        **behind,
        **_authorities(args.site.root, settings),
        **settings.variables,
    }


def _authorities(root: Path, settings: Settings) -> dict[str, pulumi.Input[str]]:
    """Return the variable that names the bundle of `config/`, where there is one and the server gets it."""
    given = settings.is_production or settings.hot_reload
    there = given and (root / "config" / contract.AUTHORITIES).is_file()
    return {"SSL_CERT_FILE": f"{contract.CONFIG_PATH}/{contract.AUTHORITIES}"} if there else {}


def _files(root: Path) -> Mapping[str, pulumi.Input[str]]:
    """Return the configuration that production runs with: a copy, which an edit does not change."""
    folder = root / "config"
    found = sorted([*folder.glob("*.toml"), *folder.glob(contract.AUTHORITIES)])
    return {f"{contract.CONFIG_PATH}/{file.name}": file.read_text(encoding="utf-8") for file in found}


def _folders(root: Path) -> dict[str, Path]:
    """Return what an edit in the checkout reaches: the package, which reloads, and the configuration."""
    folders = {contract.SOURCE_PATH: root / "app", contract.CONFIG_PATH: root / "config"}
    return {target: folder for target, folder in folders.items() if folder.is_dir()}
