"""Old images: what earlier updates left and nothing runs or would go back to."""

import asyncio
import contextlib
from collections.abc import Iterator, Sequence

import pulumi

from infra import cluster, engine
from infra.engine import EngineError
from infra.site import Site


async def prune(site: Site, taken: str | None = None) -> None:
    """Remove the images built for a stack and the other versions of `taken`, unless they are needed."""
    try:
        await asyncio.to_thread(_prune, site, taken)
    except EngineError as error:
        pulumi.log.warn(f"Images of earlier updates are left behind. {error}")


def remove_unused(site: Site) -> None:
    """Remove the images built for a stack that no container uses, running or not."""
    engine.ask("image", "prune", "--all", "--force", *_filters(site))


def _prune(site: Site, taken: str | None) -> None:
    needed = {*_running(), *_of_services(site)}
    for image in {*_built(site), *_versions(taken)} - needed:
        # Forced, because what has ended and is only kept to be looked at would hold it.
        engine.ask("image", "rm", "--force", image)


def _built(site: Site) -> Sequence[str]:
    return engine.ask("images", "--quiet", "--no-trunc", *_filters(site)).split()


def _filters(site: Site) -> Sequence[str]:
    return [part for label, value in site.labels.items() for part in ("--filter", f"label={label}={value}")]


def _versions(taken: str | None) -> Iterator[str]:
    if taken:
        repository = taken.partition("@")[0]
        yield from engine.ask("images", "--quiet", "--no-trunc", repository).split()


def _running() -> Iterator[str]:
    """Yield the images of everything that runs on this engine, whoever's it is."""
    ids = engine.ask("ps", "--quiet").split()
    if ids:
        yield from engine.ask("inspect", "--type", "container", "--format", "{{.Image}}", *ids).split()


def _of_services(site: Site) -> Iterator[str]:
    """Yield the images of the stack's services, and those that a rollback would go back to."""
    if not cluster.membership().manages:
        return
    for service in cluster.of_stack(site):
        for spec in (service.spec, service.before):
            if spec:
                with contextlib.suppress(EngineError):
                    name = spec["ContainerSpec"]["Image"]
                    yield engine.ask("image", "inspect", "--format", "{{.Id}}", name).strip()
