"""Old images: what earlier updates left and nothing runs or would go back to."""

import asyncio
import contextlib
from collections.abc import Iterator

import pulumi

from infra import cluster, engine
from infra.engine import EngineError
from infra.site import Site


async def prune(site: Site, taken: str | None = None) -> None:
    """Remove the images that were built for a stack, and of `taken` the other versions, unless they are
    needed."""
    try:
        await asyncio.to_thread(_prune, site, taken)
    except EngineError as error:
        pulumi.log.warn(f"Images of earlier updates are left behind. {error}")


def _prune(site: Site, taken: str | None) -> None:
    needed = {*_running(), *_of_services(site)}
    for image in {*engine.images(site.labels), *_versions(taken)} - needed:
        # Forced, because what has ended and is only kept to be looked at would hold it.
        engine.ask("image", "rm", "--force", image)


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
    for service in cluster.services(site):
        for spec in (service.spec, service.before):
            if spec:
                with contextlib.suppress(EngineError):
                    name = spec["ContainerSpec"]["Image"]
                    yield engine.ask("image", "inspect", "--format", "{{.Id}}", name).strip()
