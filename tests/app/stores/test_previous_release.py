"""The previous release runs on the new schema: while a rollout is under way, and after a rollback.

Its code is taken from the history: the newest tag `v…` before this commit, or, as long as there is none, what
was there before the second migration.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.settings import Secret
from app.stores import Store
from app.stores.postgres import PostgresStore
from app.stores.sqlite import SqliteStore
from tests.app.stores.made import exchange

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = Path(__file__).with_name("previous_release.py")
ANSWER_SECONDS = 30


def git(*arguments: str) -> str | None:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or None


def previous() -> str | None:
    """Return the commit of the previous release's code, or None where the history does not reach it."""
    if tag := git("describe", "--tags", "--abbrev=0", "--match", "v*", "HEAD^"):
        return tag
    added = git("log", "--diff-filter=A", "--format=%H", "--", "app/stores/migrations/sqlite/0002_rights.sql")
    return git("rev-parse", "--verify", "--quiet", f"{added.split()[-1]}^") if added else None


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the previous release's package `app`."""
    commit = previous()
    if commit is None:
        pytest.skip("the previous release cannot be tested: this clone has no history that reaches it")
    folder = tmp_path_factory.mktemp("previous")
    archive = subprocess.run(["git", "archive", commit, "app"], cwd=ROOT, capture_output=True, check=True)
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)
    return folder


class Previous:
    """The previous release on a store of its own process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def says(self, word: str) -> None:
        assert self._process.stdout
        async with asyncio.timeout(ANSWER_SECONDS):
            assert (await self._process.stdout.readline()).decode().strip() == word

    async def use(self) -> None:
        assert self._process.stdin
        self._process.stdin.write(b"\n")
        await self.says("ok")


@asynccontextmanager
async def running(release: Path, kind: str, where: str) -> AsyncIterator[Previous]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), kind, where,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(release)}, cwd=release,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin
    previous = Previous(process)
    await previous.says("open")
    yield previous
    process.stdin.close()
    async with asyncio.timeout(ANSWER_SECONDS):
        assert await process.wait() == 0


@pytest.fixture(params=["sqlite", "postgres"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """The kind and place of an empty database."""
    if request.param == "sqlite":
        return "sqlite", str(tmp_path / "x.sqlite3")
    return "postgres", request.getfixturevalue("postgres_url")


def ours(kind: str, where: str) -> Store:
    return SqliteStore(Path(where)) if kind == "sqlite" else PostgresStore(Secret(where))


async def test_a_release_goes_on_while_the_next_one_migrates_under_it(
    release: Path, where: tuple[str, str]
) -> None:
    async with running(release, *where) as old:
        await old.use()
        new = ours(*where)
        await new.open()
        await exchange(new, "a", "b")
        await old.use()
        await exchange(new, "c", "d")
        await new.close()
        await old.use()


async def test_a_rollback_opens_what_the_new_release_left(release: Path, where: tuple[str, str]) -> None:
    new = ours(*where)
    await new.open()
    await exchange(new, "a", "b")
    await new.close()

    async with running(release, *where) as old:
        await old.use()
    again = ours(*where)
    await again.open()
    assert len(await again.threads("alice", project=None, before=None, most=9)) == 1
    await again.close()
