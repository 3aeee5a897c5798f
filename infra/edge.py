"""The edge: the only part of a production stack that the world reaches."""

from dataclasses import dataclass, replace

import pulumi

from app import contract
from infra.haproxy import DoorConfig, EdgeConfig
from infra.image import official
from infra.network import Network
from infra.secret import Credentials, Sealed
from infra.settings import Settings
from infra.site import Site
from infra.workload import Engine, Image, Published, Running, Workload

REPLICAS = 2
EVERYWHERE = "0.0.0.0"  # noqa: S104 - the one port that is meant for the world
CERTIFICATE = "tls"
"""The file with the chain and its key in one, as HAProxy wants it."""
DRAIN = "SIGUSR1"
"""HAProxy takes nothing new and finishes what it has."""
AT_ONCE = "SIGTERM"
DOOR_STOP_SECONDS = 30
"""It ends at once; the provider gives up on removing a service whose tasks are not gone after this."""


@dataclass(frozen=True)
class EdgeArgs:
    """`image` is HAProxy's. Development has no edge: nothing is made there."""

    engine: Engine
    site: Site
    image: str
    network: Network
    credentials: Credentials
    settings: Settings


class Edge(pulumi.ComponentResource):
    """HAProxy twice: a door that holds the port, and behind it edges that end TLS and balance the servers.

    What changes (certificate, configuration, version) changes the edges, and they are replaced like servers,
    without a gap. The door passes on what it does not read and has next to nothing to change; it is replaced
    when its own image or limits are, which cuts every connection once.
    `parts` is what runs, empty where there is no edge.
    """

    parts: tuple[Running, ...]

    def __init__(self, name: str, args: EdgeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("exai:infra:Edge", name, None, opts)
        self.parts = self._run(args) if args.settings.is_production else ()
        self.register_outputs({})

    def _run(self, args: EdgeArgs) -> tuple[Running, ...]:
        image = official("haproxy", args.site, args.image, parent=self)
        edge = args.engine.run(_edge(args, image), pulumi.ResourceOptions(parent=self))
        # After the edges, so that it also goes before them: then nothing is left for them to finish.
        after = pulumi.ResourceOptions(parent=self, depends_on=list(edge.resources))
        return edge, args.engine.run(_door(args, image), after)


def _edge(args: EdgeArgs, image: Image) -> Workload:
    config = EdgeConfig(
        peers=args.engine.peers(contract.NAME),
        certificate=f"{contract.SECRETS_PATH}/{CERTIFICATE}",
        lingers=args.engine.lingers,
    )
    return replace(
        _haproxy(contract.EDGE_SERVICE, args, image, config.render()),
        secrets=(_certificate(args.credentials),),
        stop_signal=DRAIN,
        stop_seconds=args.engine.lingers,
        replicas=REPLICAS,
        behind=(contract.DOOR_SERVICE,),
    )


def _door(args: EdgeArgs, image: Image) -> Workload:
    config = DoorConfig(peers=args.engine.peers(contract.EDGE_SERVICE))
    return replace(
        _haproxy(contract.DOOR_SERVICE, args, image, config.render()),
        published=Published(args.settings.published_port, contract.PORT, EVERYWHERE),
        stop_signal=AT_ONCE,
        everywhere=True,
    )


def _haproxy(service: str, args: EdgeArgs, image: Image, config: str) -> Workload:
    return Workload(
        service=service,
        image=image,
        user=f"{contract.EDGE_USER_ID}:{contract.EDGE_USER_ID}",
        entrypoint=contract.ENTRYPOINT,
        command=contract.EDGE_COMMAND,
        probe=contract.PROBE_EDGE,
        limits=args.settings.edge,
        reached_on=args.network.frontend,
        files={contract.EDGE_CONFIG_FILE: config},
        stop_seconds=DOOR_STOP_SECONDS,
    )


def _certificate(credentials: Credentials) -> Sealed:
    parts = "\n".join(credentials.text(name).strip() for name in ("tls_certificate", "tls_key"))
    return Sealed(CERTIFICATE, pulumi.Output.secret(f"{parts}\n"))
