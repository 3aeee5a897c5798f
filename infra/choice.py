"""Which engine runs a stack: the one place that knows them all."""

from infra.containers import Containers
from infra.preflight import Ground
from infra.settings import Settings
from infra.site import Site
from infra.swarm import Swarm
from infra.workload import Engine


def beside(engine: Engine, site: Site, settings: Settings, ground: Ground) -> Engine:
    """Return what runs plain containers on this machine: the engine itself, or one beside a Swarm.

    A Swarm publishes ports on every address only, and starts services through programs that images of Debian
    have and those of Prometheus and Grafana do not.
    """
    if isinstance(engine, Containers):
        return engine
    return Containers(site, settings, swap=ground.accounts_swap)


def engine_of(site: Site, settings: Settings, ground: Ground) -> Engine:
    """Return the engine that the stack file chooses, on the ground that was found."""
    if settings.engine == "swarm":
        return Swarm(site, settings, node=ground.node)
    return Containers(site, settings, swap=ground.accounts_swap)
