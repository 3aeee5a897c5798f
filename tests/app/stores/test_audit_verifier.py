"""`exai-mcp audit verify` finds what was done to 1 of 1,000 links, whichever way, on every store."""

import asyncio
import json
import random
import sys
from pathlib import Path

import pytest

from app.command_line import audit
from app.stores import Store, audit_chain
from tests.app.stores.conftest import Database
from tests.app.stores.made import ALICE, BOB, event

LINKS = 1000
RUN_SECONDS = 60

# N is the link that is touched, M the one after it. After the SQL: where it is found, and what is told of it.
BREAKS = {
    "edited": ("UPDATE audit SET text = upper(text) WHERE number = N", "N", "not what was hashed"),
    "forged": ("UPDATE audit SET text = 'TEXT', hash = 'HASH' WHERE number = N", "M", "does not follow"),
    "forged at its end": (
        "UPDATE audit SET text = 'TEXT', hash = 'HASH' WHERE number = 1000", "1000", "not the head"),
    "dropped": ("DELETE FROM audit WHERE number = N", "N", "it is missing"),
    "reordered": (
        "UPDATE audit SET number = 0 WHERE number = N; UPDATE audit SET number = N WHERE number = M; "
        "UPDATE audit SET number = M WHERE number = 0", "N", "not what was hashed",
    ),
    "truncated": ("DELETE FROM audit WHERE number >= N", "N", "it is missing; the chain was 1000 long"),
    "beheaded": ("DELETE FROM audit_heads", "1", "behind the head"),
}  # fmt: skip


@pytest.fixture
async def chain(database: Database, store: Store) -> int:
    """Make a chain of 1,000 links; return the number of one of them."""
    if database.kind == "sqlite":
        await asyncio.gather(*(store.record(ALICE, event("e", n=n)) for n in range(LINKS)))
    else:
        await database.execute(
            "SELECT exai.add_link('alice', jsonb_build_object('event', 'e', 'id', n::text, "
            "'facts', format('{\"n\":%s}', n))) FROM generate_series(1, 1000) AS n"
        )
    return random.randrange(2, LINKS - 1)  # noqa: S311 - which link is touched is no secret


async def verify(environ: dict[str, str], folder: Path, *arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app", "audit", "verify", *arguments,
        env=environ, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(RUN_SECONDS):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def tamper(database: Database, sql: str) -> None:
    """Do what only somebody with the database's own rights can: take the guards away, and write."""
    if database.kind == "sqlite":
        guards = await database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for statement in (*(f"DROP TRIGGER {name}" for (name,) in guards), *sql.split(";")):
            await database.execute(statement)
        return
    for table in ("audit_heads", "audit"):
        await database.execute(f"ALTER TABLE exai.{table} DISABLE TRIGGER USER")
        sql = sql.replace(f"FROM {table} ", f"FROM exai.{table} ").replace(
            f"UPDATE {table} ", f"UPDATE exai.{table} "
        )
        sql = sql.replace(f"INTO {table} ", f"INTO exai.{table} ")
    for statement in sql.split(";"):
        await database.execute(statement)
    for table in ("audit_heads", "audit"):
        await database.execute(f"ALTER TABLE exai.{table} ENABLE TRIGGER USER")


async def test_a_whole_chain_is_told_with_its_head(
    chain: int, store: Store, environ: dict[str, str], tmp_path: Path
) -> None:
    del chain
    await store.record(BOB, event("other"))
    heads = await store.audit_heads()

    code, out, err = await verify(environ, tmp_path)

    assert (code, err) == (0, "")
    assert out.splitlines() == [
        f"alice: 1000 links, whole; head 1000 {heads[ALICE][1]}",
        f"bob: 1 links, whole; head 1 {heads[BOB][1]}",
    ]
    code, out, _ = await verify(environ, tmp_path, "--principal", BOB)
    assert (code, out.startswith("bob:"), len(out.splitlines())) == (0, True, 1)
    code, out, err = await verify(environ, tmp_path, "--principal", "carol")
    assert (code, out) == (64, "")
    assert "has no chain of 'carol'; it has alice, bob." in err


@pytest.mark.parametrize("way", BREAKS)
async def test_one_broken_link_of_a_thousand_is_found(
    database: Database, chain: int, store: Store, capsys: pytest.CaptureFixture[str], way: str
) -> None:
    sql, where, reason = BREAKS[way]
    touched = LINKS if where == str(LINKS) else chain
    [link] = await store.audit_entries(ALICE, after=touched - 1, most=1)
    text = json.dumps({"event": "something else"})
    for name, value in {
        "HASH": audit_chain.link_hash(link.previous, link.number, text),
        "TEXT": text,
        "= N": f"= {chain}",
        "= M": f"= {chain + 1}",
    }.items():
        sql = sql.replace(name, value)
    await tamper(database, sql)
    expected = {"N": chain, "M": chain + 1}.get(where) or int(where)

    whole = await audit._verify_chain(store, ALICE)

    out = capsys.readouterr().out
    assert not whole
    assert out.startswith(f"alice: BROKEN at number {expected}: "), out
    assert reason in out


async def test_a_broken_chain_ends_with_65(
    database: Database, chain: int, environ: dict[str, str], tmp_path: Path
) -> None:
    sql, _, _ = BREAKS["dropped"]
    await tamper(database, sql.replace("= N", f"= {chain}"))

    code, out, _ = await verify(environ, tmp_path)

    assert code == 65
    assert out.startswith(f"alice: BROKEN at number {chain}: it is missing")


async def test_a_store_that_is_away_ends_with_75(tmp_path: Path, environ: dict[str, str]) -> None:
    away = {"STORE": "postgres", "DATABASE_URL": "postgresql://u:canary@127.0.0.1:1/x"}
    kept = {name: environ[name] for name in ("PATH", "PYTHONPATH", "DATA_DIR")}
    code, out, err = await verify(kept | away, tmp_path)

    assert (code, out) == (75, "")
    assert "check DATABASE_URL" in err
    assert "canary" not in err


async def test_a_chain_that_grows_meanwhile_is_whole(store: Store) -> None:
    await store.record(ALICE, event())
    before = (await store.audit_heads())[ALICE]
    await store.record(ALICE, event())
    walk = audit_chain.Walk(before)
    assert walk.take(await store.audit_entries(ALICE, after=0, most=10)) is None
    await store.record(ALICE, event())

    assert walk.end((await store.audit_heads())[ALICE]) is None
