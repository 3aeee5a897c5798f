"""What only Supabase promises: a schema that others make, keys, lost replies, and who may do what."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from app.settings import Secret
from app.stores import SchemaTooNewError, Store, StoreUnavailableError, migrations, supabase
from app.stores.supabase import SupabaseStore
from tests.app.stores import supabase_project
from tests.app.stores.conftest import Database, beside, execute, free_port
from tests.app.stores.made import (
    ALICE,
    DAY,
    SCOPE,
    event,
    finish,
    new_call,
    new_file,
    new_id,
    new_job,
    settled,
    start,
    stream,
)
from tests.app.stores.supabase_project import PUBLISHABLE_KEY, SECRET_KEY, Gateway, jwt

STEPS = migrations.load("postgres")
Project = tuple[str, Gateway]


@pytest.fixture
async def store(on_supabase: Database) -> AsyncIterator[Store]:
    made = on_supabase.make()
    await made.open()
    yield made
    await made.close()


async def refusal(url: str, key: str = SECRET_KEY) -> str:
    """Return the sentence with which a store does not open; it never holds the key."""
    made = SupabaseStore(url, Secret(key))
    with pytest.raises(StoreUnavailableError) as caught:
        await made.open()
    with pytest.raises(StoreUnavailableError, match="not connected"):
        await made.ping()
    assert key not in str(caught.value)
    return str(caught.value)


@pytest.mark.usefixtures("postgrest_url")  # for the roles, and for saying why there is none
async def test_a_project_that_does_not_expose_the_schema_is_told_what_to_do(postgres_server: str) -> None:
    url = f"{postgres_server.rsplit('/', 1)[0]}/project_{uuid.uuid4().hex[:12]}"
    execute(postgres_server, f"CREATE DATABASE {url.rsplit('/', 1)[1]}")
    with supabase_project.postgrest(url, free_port(), free_port(), schemas="public") as upstream:
        server = TestServer(Gateway(upstream).application())
        await server.start_server()
        said = await refusal(str(server.make_url("/")))
        await server.close()

    assert "paste what `exai-mcp schema` prints into the project's SQL editor" in said
    assert "add `exai` to the exposed schemas" in said


@pytest.mark.usefixtures("postgrest_url")
async def test_a_project_with_an_older_schema_is_told_which_sql_it_lacks_and_then_works(
    postgres_server: str,
) -> None:
    url = f"{postgres_server.rsplit('/', 1)[0]}/project_{uuid.uuid4().hex[:12]}"
    execute(postgres_server, f"CREATE DATABASE {url.rsplit('/', 1)[1]}")
    execute(url, migrations.script(STEPS[:5]))
    with supabase_project.postgrest(url, free_port(), free_port()) as upstream:
        server = TestServer(Gateway(upstream).application())
        await server.start_server()
        where = str(server.make_url("/"))
        said = await refusal(where)
        assert f"has version 5, and this release needs {len(STEPS)}" in said
        assert "`exai-mcp schema --after 5`" in said

        execute(url, migrations.script(STEPS[5:]))
        made = SupabaseStore(where, Secret(SECRET_KEY))
        await made.open()
        assert await made.schema_version() == len(STEPS)
        give_up = time.monotonic() + 20
        while True:  # PostgREST reads the new functions when it was told, a moment later
            try:
                assert await made.held([SCOPE], DAY) == {SCOPE: 0}
            except StoreUnavailableError:
                assert time.monotonic() < give_up
                await asyncio.sleep(0.1)
            else:
                break
        await made.close()
        await server.close()


async def test_a_schema_that_demands_a_later_release_is_refused(on_supabase: Database) -> None:
    await on_supabase.execute(
        "INSERT INTO exai.schema_version (version, name, oldest_application, applied_by) "
        "VALUES (999, 'later', '9.0.0', '9.0.0')"
    )
    try:
        with pytest.raises(SchemaTooNewError, match=r"start release 9\.0\.0"):
            await on_supabase.make().open()
    finally:
        await on_supabase.execute("DELETE FROM exai.schema_version WHERE version = 999")


async def test_pasting_the_sql_twice_changes_nothing(project_url: str) -> None:
    before = await beside(project_url)("SELECT count(*) FROM exai.schema_version")

    with pytest.raises(Exception, match="already exists"):
        execute(project_url, migrations.script(STEPS))
    assert await beside(project_url)("SELECT count(*) FROM exai.schema_version") == before


@pytest.mark.parametrize("key", [SECRET_KEY, jwt("service_role")], ids=["secret", "legacy"])
async def test_both_kinds_of_service_keys_work(gateway: Project, key: str) -> None:
    made = SupabaseStore(gateway[0], Secret(key))
    await made.open()
    await made.ping()
    await made.close()


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("sb_secret_canary", "correct SUPABASE_SERVICE_ROLE_KEY"),
        (PUBLISHABLE_KEY, "must be the service_role or sb_secret_ key"),
        (jwt("anon"), "must be the service_role or sb_secret_ key"),
    ],
    ids=["wrong", "publishable", "anon"],
)
async def test_a_key_that_cannot_do_it_is_refused_with_its_variable(
    gateway: Project, key: str, words: str
) -> None:
    assert words in await refusal(gateway[0], key)


async def test_a_project_that_is_away_is_a_sentence() -> None:
    assert "check SUPABASE_URL" in await refusal(f"http://127.0.0.1:{free_port()}")


async def test_a_silent_project_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supabase, "CALL_SECONDS", 0.1)
    silent = asyncio.Event()

    async def wait(_: web.Request) -> web.Response:
        await silent.wait()
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", wait)
    server = TestServer(app)
    await server.start_server()
    assert "did not answer in time" in await refusal(str(server.make_url("/")))
    silent.set()
    await server.close()


async def test_the_client_is_no_browser_and_each_operation_one_request(
    store: Store, gateway: Project
) -> None:
    gateway[1].requests = 0
    job = new_job()
    await start(store, job, "hello", new_call())
    await store.finish_job(finish(job))
    await store.search_turns(ALICE, ["hello"], project=None, most=10)

    assert gateway[1].requests == 3
    assert gateway[1].user_agents == {"exai-mcp-server/0.1.0"}


def unavailable() -> web.Response:
    return web.Response(status=503, text="<html>upstream connect error</html>", content_type="text/html")


@pytest.mark.parametrize("lost", [ConnectionResetError, unavailable], ids=["reset", "503"])
async def test_an_operation_whose_reply_is_lost_is_made_again_and_happens_once(
    store: Store, gateway: Project, lost: Any
) -> None:
    job, call, second = new_job(idempotency_key="k", key_seconds=60), new_call(40), new_call(7)
    told = event()
    answers = gateway[1].answers

    answers.append(lost())
    started = await start(store, job, "hello", call)
    assert started.fresh
    assert started.grant
    assert started.grant.granted == 40
    answers.append(lost())
    assert (await store.reserve(job.id, second)).granted == 7
    answers.append(lost())
    await stream(store, job, call, "one", "two")
    answers.append(lost())
    await store.record(ALICE, told)
    answers.append(lost())
    await store.settle(settled(second, 5))
    answers.append(lost())
    assert await store.finish_job(finish(job, settlements=(settled(call, 30),)))
    answers.append(lost())
    await store.put_file(new_file())
    answers.append(lost())
    fork = await store.fork_thread(ALICE, str(job.thread), new_id(), through=1)
    answers.append(lost())
    await store.delete_thread(ALICE, str(job.thread))

    assert answers == [], "every one of them was met"
    assert len(await store.turns(ALICE, fork.id, after=0, most=10)) == 2
    assert await store.held([SCOPE], DAY) == {SCOPE: 35}
    assert [line.calls for line in await store.spending(ALICE, since=DAY)] == [2]
    assert len(await store.audit_entries(ALICE, after=0, most=10)) == 3


async def objects(database: Database) -> tuple[list[str], list[str]]:
    """Return the tables, and the functions that can be called over the API as we call them."""
    tables = await database.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'exai'::regnamespace AND relkind = 'r'"
    )
    functions = await database.execute(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'exai'::regnamespace "
        "AND proargnames = ARRAY['args']"
    )
    return [name for (name,) in tables], [name for (name,) in functions]


@pytest.mark.parametrize("role", ["anon", "authenticated"])
async def test_anon_and_authenticated_can_read_and_call_nothing(
    on_supabase: Database, gateway: Project, store: Store, role: str
) -> None:
    await store.record(ALICE, event())
    tables, functions = await objects(on_supabase)
    assert len(tables) > 10
    assert len(functions) > 25
    headers = {"apikey": jwt("anon"), "Authorization": f"Bearer {jwt(role)}"}
    reading, writing = {"Accept-Profile": "exai"}, {"Content-Profile": "exai"}
    rest = f"{gateway[0]}/rest/v1"
    async with aiohttp.ClientSession(headers=headers) as client:
        for table in tables:
            for answer in (
                await client.get(f"{rest}/{table}", headers=reading),
                await client.post(f"{rest}/{table}", headers=writing, json={}),
                await client.delete(f"{rest}/{table}", headers=writing),
            ):
                body = await answer.json()
                assert (answer.status, body["code"]) in {(401, "42501"), (403, "42501")}, (table, body)
        for function in functions:
            answer = await client.post(f"{rest}/rpc/{function}", headers=writing, json={"args": {}})
            body = await answer.json()
            assert (answer.status, body["code"]) in {(401, "42501"), (403, "42501")}, (function, body)


async def test_a_right_that_is_granted_by_mistake_still_shows_no_row(
    on_supabase: Database, gateway: Project, store: Store
) -> None:
    await store.record(ALICE, event())
    await on_supabase.execute("GRANT USAGE ON SCHEMA exai TO anon")
    await on_supabase.execute("GRANT SELECT ON ALL TABLES IN SCHEMA exai TO anon")
    try:
        async with aiohttp.ClientSession(headers={"apikey": PUBLISHABLE_KEY}) as client:
            answer = await client.get(f"{gateway[0]}/rest/v1/audit", headers={"Accept-Profile": "exai"})
            assert (answer.status, await answer.json()) == (200, [])
    finally:
        await on_supabase.execute("SELECT exai.protect()")
    assert await on_supabase.execute("SELECT has_schema_privilege('anon', 'exai', 'USAGE')") == [(False,)]
