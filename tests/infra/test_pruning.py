"""Which images are old."""

import pulumi
import pytest

from infra import cluster, engine, pruning
from infra.cluster import Membership, Service
from infra.engine import EngineError
from infra.site import Site


class Images:
    """Stands for the engine: what it lists, and what was removed from it."""

    def __init__(self) -> None:
        self.removed: list[str] = []
        self.running = "running-one"

    def ask(self, *arguments: str) -> str:
        if arguments[:2] == ("image", "rm"):
            self.removed.append(arguments[-1])
            return ""
        if arguments[:2] == ("image", "inspect"):
            return f"id-of-{arguments[-1]}\n"
        return {
            "images": "old id-of-present id-of-before running-one"
            if "--filter" in arguments
            else "old-version",
            "ps": "c1\n",
            "inspect": self.running,
        }[arguments[0]]


@pytest.fixture
def images(monkeypatch: pytest.MonkeyPatch) -> Images:
    double = Images()
    spec, before = ({"ContainerSpec": {"Image": name}} for name in ("present", "before"))
    service = Service("s", "dev-exai-mcp-server", {}, 2, spec, before, "", "")
    monkeypatch.setattr(engine, "ask", double.ask)
    monkeypatch.setattr(cluster, "membership", lambda: Membership("n", manages=True, nodes=1))
    monkeypatch.setattr(cluster, "of_stack", lambda _: [service])
    return double


async def test_what_runs_and_what_a_rollback_goes_back_to_are_kept(site: Site, images: Images) -> None:
    await pruning.prune(site)

    assert images.removed == ["old"]


async def test_other_versions_of_an_image_that_was_taken_are_old(site: Site, images: Images) -> None:
    await pruning.prune(site, "registry.example.com/exai-mcp-server@sha256:1")

    assert sorted(images.removed) == ["old", "old-version"]


async def test_images_that_cannot_be_removed_are_a_warning(
    site: Site, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    warned: list[str] = []

    def refuse(*_: str) -> str:
        raise EngineError("Docker refused: no.")

    monkeypatch.setattr(engine, "ask", refuse)
    monkeypatch.setattr(pulumi.log, "warn", warned.append)

    await pruning.prune(site)

    assert warned == ["Images of earlier updates are left behind. Docker refused: no."]
    assert images.removed == []
