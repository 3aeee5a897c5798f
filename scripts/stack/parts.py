"""A stack's parts on the engine, found by name and label, whether the state knows them or not."""

import contextlib
import json
import re
from collections.abc import Container, Mapping, Sequence

from app.contract import NAME, STOP_GRACE_SECONDS
from infra import cluster, engine
from infra.engine import EngineError
from infra.image import TAG_DIGITS
from infra.site import CONTENT_LABEL, OBSERVERS, STACK_LABEL, Site, volumes_label
from scripts.stack.errors import StackError

TAG = "{name}:{prefix}-[0-9a-f]{{{digits}}}"
"""What the program calls the images that it builds for a stack."""
PURPOSES = ("data", "logs", "redis", "postgres")
SIZES_SECONDS = 10
"""The engine walks every volume to tell their sizes; if that takes longer, they are named without."""


def require_engine() -> None:
    """Make sure that an engine answers.

    Raises:
        StackError: it does not; one sentence.
    """
    try:
        engine.ask("version", "--format", "{{.Server.Version}}")
    except EngineError as error:
        raise StackError(str(error)) from error


def filters(site: Site) -> Sequence[str]:
    """Return the arguments that make a listing show this stack of this checkout only."""
    return [part for label, value in site.labels.items() for part in ("--filter", f"label={label}={value}")]


def containers(site: Site) -> Sequence[engine.Listed]:
    """List the stack's containers on this engine, running or not, tasks of a Swarm too."""
    return engine.of_stack(site)


def beside(site: Site) -> Sequence[engine.Listed]:
    """List those of them that are no tasks: on a Swarm, what the stack runs beside its services."""
    return [one for one in containers(site) if not one.task]


def services(site: Site) -> Sequence[cluster.Service]:
    """List the stack's services, none on an engine that manages no Swarm."""
    return cluster.of_stack(site) if cluster.membership().manages else []


def networks(site: Site) -> Sequence[str]:
    """List the stack's networks by id."""
    return engine.ask("network", "ls", "--quiet", *filters(site)).split()


def prune_networks(site: Site) -> None:
    """Remove networks of this stack that nothing is connected to: an interrupted update leaves such."""
    engine.ask("network", "prune", "--force", *filters(site))


def volumes(site: Site) -> Mapping[str, str]:
    """Return the stack's volumes that exist, each with its size if the engine tells in time."""
    there = set(engine.ask("volume", "ls", "--quiet").split())
    ours = [site.volume(purpose) for purpose in PURPOSES if site.volume(purpose) in there]
    # Names that somebody else may well have, and many a stack does not.
    marked = engine.ask("volume", "ls", "--quiet", "--filter", f"label={STACK_LABEL}={site.prefix}").split()
    ours += [site.volume(purpose) for purpose in OBSERVERS if site.volume(purpose) in marked]
    sizes: dict[str, str] = {}
    with contextlib.suppress(EngineError):
        shown = engine.ask("system", "df", "--verbose", "--format", "{{json .}}", seconds=SIZES_SECONDS)
        sizes = {one["Name"]: one["Size"] for one in json.loads(shown)["Volumes"]}
    return {name: sizes.get(name, "size unknown") for name in ours}


def images(site: Site) -> Sequence[str]:
    """List the images built for this stack, by tag: their label may name another checkout."""
    ours = re.compile(TAG.format(name=re.escape(NAME), prefix=re.escape(site.prefix), digits=TAG_DIGITS))
    listed = engine.ask("images", NAME, "--format", "{{.Repository}}:{{.Tag}}").split()
    return sorted({name for name in listed if ours.fullmatch(name)})


def remove_images(names: Sequence[str]) -> None:
    """Remove images; one that a container of another checkout uses stays, and is named."""
    for name in names:
        try:
            engine.ask("image", "rm", name)
        except EngineError as error:
            print(f"kept {name}: {error}")


def remove_leftovers(site: Site) -> None:
    """Remove what an interrupted update made and the state never heard of; volumes with data stay."""
    left = services(site)
    for service in left:
        print(f"removing the service {service.name}, which the state does not know")
        cluster.remove(service.id)
    for one in containers(site):
        print(f"removing {one.name}, which the state does not know")
        engine.remove(one.id)
    for network in networks(site):
        engine.ask("network", "rm", network)
    for kind in ("secret", "config") if cluster.membership().manages else ():
        for one_id in engine.ask(kind, "ls", "--quiet", *filters(site)).split():
            engine.ask(kind, "rm", one_id)
    for volume in engine.ask(
        "volume", "ls", "--quiet", *filters(site), "--filter", f"label={CONTENT_LABEL}"
    ).split():
        engine.ask("volume", "rm", volume)


def remove_unknown(site: Site, known: Container[str]) -> None:
    """Remove replicas that a killed update made and the state never heard of: they take part in the work."""
    for one in beside(site):
        if one.id not in known:
            print(f"removing {one.name}, which the state does not know")
            engine.stop(one.id, STOP_GRACE_SECONDS)
            engine.remove(one.id)


def forget_home(site: Site) -> None:
    """Take the mark off the machine that had the stack's volumes."""
    if cluster.membership().manages:
        for node in cluster.nodes():
            if volumes_label(site) in node.labels:
                cluster.unlabel(node.id, volumes_label(site))


def remove_volumes(names: Sequence[str]) -> None:
    """Remove volumes and what is in them, for good."""
    for name in names:
        engine.ask("volume", "rm", name)
