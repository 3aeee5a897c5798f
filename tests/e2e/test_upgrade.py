"""A production stack is brought to this release from the one before and back, under load, on one database.

The release before is the newest tag `v…` before this commit; as long as there is none, the tree before the
newest migration came, so that the schemas differ. All of it is taken, program and server, as somebody does
who checks a release out and runs `make up`.
"""

import io
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.checkout import ROOT, Checkout, probing_quickly
from tests.e2e.faults import FEW, Writer
from tests.e2e.load import with_waiting_tool
from tests.e2e.production import Production
from tests.private_engine import PrivateEngine

pytestmark = [pytest.mark.engine, pytest.mark.pulumi, pytest.mark.long]

MIGRATIONS = "app/stores/migrations/postgres"
FOLDERS = ("app", "infra", "policy", "scripts", "tools")
FILES = ("Dockerfile", ".dockerignore", "Pulumi.yaml", "images.lock", "pyproject.toml", "uv.lock")
PRODUCTION = "infra/swarm.py"
SCHEMA = "SELECT max(version) FROM exai.schema_version"


def _git(*arguments: str) -> bytes | None:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None


def _previous() -> str | None:
    """Return the release before, or None where the history does not reach it."""
    if tag := _git("describe", "--tags", "--abbrev=0", "--match", "v*", "HEAD^"):
        return tag.decode().strip()
    newest = max(path.name for path in (ROOT / MIGRATIONS).glob("*.sql"))
    added = _git("log", "--diff-filter=A", "--format=%H", "--", f"{MIGRATIONS}/{newest}")
    commit = f"{added.split()[-1].decode()}^" if added else ""
    return commit if commit and _git("cat-file", "-e", f"{commit}:{PRODUCTION}") is not None else None


class Releases:
    """Both releases beside the checkout that they are put into in turns."""

    def __init__(self, checkout: Checkout, folder: Path, previous: str) -> None:
        self._root = checkout.root
        self._before, self._present = folder / "before", folder / "present"
        self._present.mkdir()
        for part in self._parts(checkout.root):
            shutil.move(checkout.root / part, self._present / part)
        archive = _git("archive", previous)
        assert archive
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(self._before, filter="data")
        probing_quickly(self._before)
        # Each has its own form of the tool: what a tool is may differ between them.
        with_waiting_tool(self._before, self._before / "tests" / "e2e" / "waiting.py")
        with_waiting_tool(self._present)

    def check_out_the_previous(self) -> None:
        self._check_out(self._before)

    def check_out_the_present(self) -> None:
        self._check_out(self._present)

    def _check_out(self, tree: Path) -> None:
        for part in self._parts(self._root):
            path = self._root / part
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        for part in self._parts(tree):
            path = tree / part
            copy = shutil.copytree if path.is_dir() else shutil.copy2
            copy(path, self._root / part)

    @staticmethod
    def _parts(root: Path) -> list[str]:
        return [part for part in (*FOLDERS, *FILES) if (root / part).exists()]


@pytest.fixture(scope="module")
def releases(private_checkout: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Releases:
    previous = _previous()
    if previous is None:
        pytest.skip(
            "there is no release before this one with a production stack and an older schema in this history"
        )
    return Releases(private_checkout, tmp_path_factory.mktemp("releases"), previous)


@pytest.fixture(scope="module")
def stack(private_checkout: Checkout, private: PrivateEngine, releases: Releases) -> Iterator[Production]:
    releases.check_out_the_previous()
    made = Production(private_checkout, private, "swarm", monitor=5)
    try:
        yield made
    finally:
        made.verb("destroy")


async def _go_on_with(stack: Production) -> tuple[int, set[str]]:
    """Update the stack under load; return its schema and the files that were acknowledged meanwhile."""
    async with stack.under_load(FEW) as load, Writer(stack).running() as writer:
        status, said = await stack.update()
    assert status == 0, said
    assert load.lost == []
    assert stack.twice() == []
    assert writer.acknowledged
    print(f"uploads: {len(writer.acknowledged)} acknowledged, refused {dict(writer.refused)}")  # noqa: T201 - the figures of this run
    return int(stack.sql(SCHEMA)), writer.acknowledged


async def test_a_release_is_upgraded_and_gone_back_from_without_a_lost_call(
    stack: Production, releases: Releases
) -> None:
    stack.set_secrets()
    assert stack.verb("swarm-init").returncode == 0
    stack.up()
    old = int(stack.sql(SCHEMA))

    releases.check_out_the_present()
    new, upgrading = await _go_on_with(stack)
    releases.check_out_the_previous()
    left, going_back = await _go_on_with(stack)

    print(f"schema {old}, after the upgrade {new}, after going back {left}")  # noqa: T201 - the figures of this run
    assert old < new == left
    assert upgrading | going_back <= set(stack.sql("SELECT id FROM exai.files").split())
    # And once more: what the release before has done on the newer schema is no hindrance.
    releases.check_out_the_present()
    assert (await _go_on_with(stack))[0] == new
