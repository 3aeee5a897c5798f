"""What is looked at on a Swarm before anything is created: its manager, machines, room and volumes."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from infra import cluster, edge
from infra.cluster import Node, Service
from infra.engine import EngineError, host
from infra.limits import MEBIBYTE, Limits
from infra.rollout import foreign
from infra.settings import Settings
from infra.site import Site, volumes_label


def manager(site: Site, settings: Settings) -> str:
    """Return the id of the machine whose engine this is, in whose Swarm the stack may run.

    Raises:
        EngineError: it may not; one sentence.
    """
    found = cluster.membership()
    if not found.node or not found.manages:
        what = "is in a Swarm that others manage" if found.node else "is in no Swarm"
        how = "set DOCKER_HOST to a manager's engine" if found.node else f"run `{site.make('swarm-init')}`"
        raise EngineError(
            f"The engine at {host()} {what}, and the stack {site.stack} runs on Swarm: {how}, or set "
            f"`exai-mcp-server:engine: containers` under `config:` in {site.file}."
        )
    with ThreadPoolExecutor() as beside:
        asked = beside.submit(cluster.nodes)
        services = cluster.services()
    nodes = asked.result()
    check_names(site, services)
    check_images(site, nodes, settings)
    check_room(site, nodes, settings)
    check_volumes(site, found.node, nodes, [one for one in services if cluster.is_ours(one, site)])
    return found.node


def check_names(site: Site, services: Sequence[Service]) -> None:
    """Refuse the name of a service that belongs to somebody else."""
    for there in services:
        if there.name in site.containers and not cluster.is_ours(there, site):
            raise EngineError(foreign(there, site))


def check_images(site: Site, nodes: Sequence[Node], settings: Settings) -> None:
    """Refuse an image that only one of several machines would have."""
    if len(nodes) > 1 and not settings.image and not settings.registry:
        raise EngineError(
            f"This Swarm has {len(nodes)} machines, and an image that is built here is on one of them only: "
            f"set `exai-mcp-server:registry` (or `exai-mcp-server:image`) under `config:` in {site.file} to "
            "where all of them can pull from."
        )


def check_room(site: Site, nodes: Sequence[Node], settings: Settings) -> None:
    """Refuse reservations that leave no room for a new replica: Swarm would wait for it for ever."""
    here = [node for node in nodes if node.ready]
    stores = [limits for store, limits in _stores(settings).items() if store not in settings.external]
    kept = [
        *stores,
        *[settings.server] * (settings.replicas + 1),
        *[settings.edge] * (edge.REPLICAS + 1 + len(here)),
    ]
    rows = (
        ("cores", "cpuReservation", sum(one.cpu_reservation for one in kept), sum(one.cpus for one in here)),
        (
            "MiB",
            "memoryReservation",
            sum(one.memory_reservation for one in kept),
            sum(one.memory for one in here) / MEBIBYTE,
        ),
    )
    for unit, key, needed, there in rows:
        if needed > there:
            raise EngineError(
                f"An update of the stack {site.stack} needs {needed:g} {unit} by its reservations, one "
                f"server more than `replicas`, and this Swarm has {there:.4g}: lower "
                f"`exai-mcp-server:server.{key}` or `exai-mcp-server:replicas` in {site.file}, or add a "
                "machine."
            )


def _stores(settings: Settings) -> Mapping[str, Limits]:
    return {"postgres": settings.postgres, "redis": settings.redis}


def check_volumes(site: Site, here: str, nodes: Sequence[Node], services: Sequence[Service]) -> None:
    """Refuse to go on where the stack's volumes are not: the stores would begin anew, empty."""
    by_id: Mapping[str, Node] = {node.id: node for node in nodes}
    homes = {service.pinned_to for service in services} | {
        node.id for node in nodes if volumes_label(site) in node.labels
    }
    for home in sorted(home for home in homes if home and home != here):
        node = by_id.get(home)
        if node is not None and node.ready:
            raise EngineError(
                f"The volumes of the stack {site.stack} are on the machine {node.name}, and this engine is "
                "another machine's: set DOCKER_HOST to that machine's engine."
            )
        name = f"{node.name}, which is down" if node else f"{home}, which has left this Swarm"
        raise EngineError(
            f"The volumes of the stack {site.stack} are on the machine {name}: bring it back; or, if it is "
            f"lost, `{site.make('destroy')}` here and restore a backup."
        )
