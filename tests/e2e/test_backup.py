"""A stack's backup, restored into another stack: a database of 10,000 threads, taken while calls run."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import contract
from scripts.stack.backup import archive
from tests.e2e.checkout import Checkout, Stack

pytestmark = [pytest.mark.engine, pytest.mark.pulumi]

THREADS = 10_000
FILL = f"""
INSERT INTO exai.threads (id, principal, project, title, created, updated)
SELECT 'thread_' || lpad(n::text, 20, '0'), 'default', '', 'Thread ' || n, now(), now()
  FROM generate_series(1, {THREADS}) AS n
"""  # noqa: S608 - a constant


LINKS = 50
WORK = f"""
import asyncio, os, pathlib
from app.bootstrap import adapters
from app.settings import Settings
from app.stores.records import AuditEvent, NewJob

async def main():
    store = adapters.store(Settings.from_env(os.environ, pathlib.Path.cwd()))
    await store.open()
    for n in range({LINKS}):
        id_, digest = f"job_{{n:020}}", "0" * 64
        job = NewJob(id_, "default", "chat", "", "A title", digest, "a-replica", 30.0, no_store=True)
        await store.start_job(job, prompt=None, call=None, audit=AuditEvent("job started", {{"n": n}}))
    await store.close()

asyncio.run(main())
"""
"""Adds links to the audit log, as calls do."""


@pytest.fixture(scope="module")
def full(stack: Stack) -> Stack:
    """A stack with 10,000 threads and an audit log."""
    stack.up()
    sql(stack, FILL)
    stack.docker("exec", stack.container(contract.NAME), "python", "-c", WORK)
    return stack


@pytest.fixture(scope="module")
def other(checkout: Checkout) -> Iterator[Stack]:
    """A fresh stack, as on another machine."""
    made = Stack(checkout)
    made.up()
    yield made
    made.remove()


@pytest.fixture(scope="module")
def taken(full: Stack) -> Path:
    done = full.verb("backup", "--keep", "2")
    assert done.returncode == 0, done.stdout
    assert f"holds {THREADS:,} threads of {full.name}" in done.stdout
    (folder,) = archive.kept(full.checkout.root / ".exai" / "backups" / full.name)
    return folder


def sql(stack: Stack, statement: str) -> str:
    program = ("psql", "--tuples-only", "--no-align", "--username", "exai", "exai", "--command")
    return stack.docker("exec", stack.container(contract.POSTGRES_SERVICE), *program, statement).strip()


def test_a_backup_is_its_owners_alone_and_holds_no_secret(full: Stack, taken: Path) -> None:
    assert taken.stat().st_mode & 0o777 == 0o700
    assert {path.name for path in taken.iterdir()} == {
        archive.MANIFEST,
        archive.DATABASE,
        archive.DATA,
        archive.STATE,
    }
    secrets = [path.read_text().strip() for path in full.secrets.iterdir() if path.stat().st_size]
    assert len(secrets) >= 4
    for part in taken.iterdir():
        content = part.read_bytes()
        assert [one for one in secrets if one.encode() in content] == [], part.name


def test_what_is_damaged_is_refused_and_changes_nothing(taken: Path, other: Stack, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(taken, damaged)
    with (damaged / archive.DATABASE).open("r+b") as file:
        file.seek(1000)
        file.write(b"????")

    done = other.verb("restore", str(damaged))

    assert done.returncode != 0
    assert "is not what was written" in done.stdout
    assert "Traceback" not in done.stdout
    assert sql(other, "SELECT count(*) FROM exai.threads") == "0"


def test_every_thread_is_back_on_a_fresh_stack_and_the_audit_log_is_whole(taken: Path, other: Stack) -> None:
    done = other.verb("restore", str(taken))

    assert done.returncode == 0, done.stdout
    (told,) = re.findall(r"([\d,]+) threads came back and the audit log is whole, in [\d.]+ s", done.stdout)
    assert told == f"{THREADS:,}"
    assert sql(other, "SELECT count(*) FROM exai.threads") == str(THREADS)
    assert sql(other, "SELECT count(*) FROM exai.audit") == str(LINKS)
    print(done.stdout)  # noqa: T201 - the figure of this run
    assert "The server is up and has answered an MCP call." in other.up()


def test_threads_that_are_there_are_not_replaced_unasked(taken: Path, full: Stack) -> None:
    done = full.verb("restore", str(taken))

    assert done.returncode != 0
    assert f"holds {THREADS:,} threads, which a restore would replace" in done.stdout


def test_a_restore_that_fails_brings_back_what_was_there(taken: Path, full: Stack, tmp_path: Path) -> None:
    cut = tmp_path / "cut"
    shutil.copytree(taken, cut)
    dump = cut / archive.DATABASE
    dump.write_bytes(dump.read_bytes()[:-4096])
    manifest = archive.Manifest.read(cut)
    parts = {**manifest.parts, archive.DATABASE: archive.Part.of(dump)}
    archive.Manifest(
        manifest.stack, manifest.made, manifest.release, manifest.schema, manifest.threads, parts
    ).write(cut)

    done = full.verb("restore", str(cut), FORCE="1", YES="1")

    assert done.returncode != 0
    assert "pg_restore failed" in done.stdout
    assert sql(full, "SELECT count(*) FROM exai.threads") == str(THREADS)


def test_of_several_the_oldest_goes(taken: Path, full: Stack) -> None:
    for _ in range(2):
        assert full.verb("backup", "--keep", "2").returncode == 0

    left = archive.kept(taken.parent)

    assert len(left) == 2
    assert taken not in left
