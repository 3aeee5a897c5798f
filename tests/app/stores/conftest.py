"""Real databases for the stores: SQLite files, and a PostgreSQL from the engine or from Debian."""

import asyncio
import contextlib
import getpass
import os
import shutil
import socket
import sqlite3
import subprocess
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiohttp.test_utils import TestServer

from app import contract
from app.settings import Secret
from app.stores import Store, migrations
from app.stores.postgres import PostgresStore
from app.stores.sqlite import FILE_NAME, SqliteStore
from app.stores.supabase import SupabaseStore
from scripts.bootstrap.refusal import Refusal
from tests.app.stores import supabase_project

PASSWORD = "made-up-for-tests"
START_SECONDS = 60
IMAGE = os.environ.get("POSTGRES_IMAGE") or contract.IMAGES["postgres"]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def have_image() -> bool:
    if shutil.which("docker") is None:
        return False
    return (
        subprocess.run(["docker", "image", "inspect", IMAGE], capture_output=True, check=False).returncode
        == 0
    )


def debian_binaries() -> Path | None:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    return folders[-1] if folders else None


def execute(url: str, sql: str) -> None:
    """Run one statement on a thread of its own, because a fixture may be made while the test's loop turns."""

    async def connect_and_execute() -> None:
        connection = await asyncpg.connect(url, timeout=2)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(lambda: asyncio.run(connect_and_execute())).result()


def wait_until_it_answers(url: str) -> None:
    give_up = time.monotonic() + START_SECONDS
    while True:
        try:
            return execute(url, "SELECT 1")
        except (OSError, asyncpg.PostgresError, TimeoutError) as error:
            if time.monotonic() > give_up:
                raise RuntimeError(f"PostgreSQL did not answer within {START_SECONDS} s") from error
            time.sleep(0.1)  # another process starts; there is no event to await


def from_image() -> Iterator[str]:
    port = free_port()
    name = f"exai-test-postgres-{uuid.uuid4().hex[:8]}"
    subprocess.run(
        ["docker", "run", "--detach", "--rm", "--name", name, "--publish", f"127.0.0.1:{port}:5432",
         "--env", f"POSTGRES_PASSWORD={PASSWORD}", "--env", f"POSTGRES_USER={contract.POSTGRES_USER}",
         "--tmpfs", contract.POSTGRES_DATA_PATH, IMAGE],
        check=True, capture_output=True,
    )  # fmt: skip
    try:
        yield f"postgresql://{contract.POSTGRES_USER}:{PASSWORD}@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run(["docker", "rm", "--force", "--volumes", name], check=True, capture_output=True)


def from_debian(binaries: Path, folder: Path) -> Iterator[str]:
    # PostgreSQL refuses to run as root; Debian's package made a user for it.
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    owner = "postgres" if prefix else getpass.getuser()
    data = folder / "data"
    data.mkdir(mode=0o700)
    (folder / "password").write_text(PASSWORD)
    if prefix:
        for path in (folder, data, folder / "password"):
            shutil.chown(path, owner)
        for parent in folder.parents:  # pytest's folders are closed to others, and postgres must pass through
            if parent.owner() == "root" and parent != parent.parent and str(parent).startswith("/tmp/pytest"):  # noqa: S108 - pytest's own folder
                parent.chmod(parent.stat().st_mode | 0o011)
    subprocess.run(
        [*prefix, str(binaries / "initdb"), "-D", str(data), "-A", "scram-sha-256",
         "-U", contract.POSTGRES_USER,
         "--pwfile", str(folder / "password"), "--no-sync"],
        check=True, capture_output=True, cwd=folder,
    )  # fmt: skip
    port = free_port()
    process = subprocess.Popen(
        [*prefix, str(binaries / "postgres"), "-D", str(data),
         "-h", "127.0.0.1", "-p", str(port), "-k", str(data)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder,
    )  # fmt: skip
    try:
        yield f"postgresql://{contract.POSTGRES_USER}:{PASSWORD}@127.0.0.1:{port}/postgres"
    finally:
        process.terminate()
        process.wait(timeout=START_SECONDS)


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running PostgreSQL of its own; the URL of its maintenance database."""
    binaries = debian_binaries()
    if have_image():
        server = from_image()
    elif binaries:
        server = from_debian(binaries, tmp_path_factory.mktemp("postgres"))
    else:
        pytest.skip(f"no PostgreSQL: neither the image {IMAGE} nor /usr/lib/postgresql/*/bin is here")
    for url in server:
        wait_until_it_answers(url)
        yield url


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """The URL of an empty database that no other test sees."""
    name = f"test_{uuid.uuid4().hex}"
    execute(postgres_server, f"CREATE DATABASE {name}")
    return postgres_server.rsplit("/", 1)[0] + f"/{name}"


@dataclass
class Database:
    """A kind of store, how to make one on this database, and how to run SQL beside it."""

    kind: str
    make: Callable[[], Store]
    execute: Callable[[str], Awaitable[list[Any]]]
    environ: dict[str, str]
    """The variables with which a process of its own uses the same database."""


EMPTY = """
    SET session_replication_role = replica;  -- the audit log's guards are triggers
    DO $$ BEGIN EXECUTE (
        SELECT format('TRUNCATE %s', string_agg(oid::regclass::text, ', ')) FROM pg_class
        WHERE relnamespace = 'exai'::regnamespace AND relkind = 'r' AND relname <> 'schema_version'
    ); END $$
"""


def beside(url: str) -> Callable[[str], Awaitable[list[Any]]]:
    """Return what runs SQL on a PostgreSQL, on a connection of its own, as its owner."""

    async def run(sql: str) -> list[Any]:
        connection = await asyncpg.connect(url)
        try:
            return [tuple(row) for row in await connection.fetch(sql)]
        finally:
            await connection.close()

    return run


@pytest.fixture(scope="session")
def migrated_url(postgres_server: str) -> str:
    """The URL of a database with our schema, which the tests of a session share, each emptying it first."""
    name = f"stores_{uuid.uuid4().hex[:12]}"
    execute(postgres_server, f"CREATE DATABASE {name}")
    url = postgres_server.rsplit("/", 1)[0] + f"/{name}"

    async def migrate() -> None:
        store = PostgresStore(Secret(url))
        await store.open()
        await store.close()

    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(lambda: asyncio.run(migrate())).result()
    return url


@pytest.fixture(scope="session")
def project_url(postgres_server: str) -> str:
    """The URL of a Supabase project's database with the SQL that people paste; shared like the other."""
    execute(postgres_server, supabase_project.ROLES)
    name = f"project_{uuid.uuid4().hex[:12]}"
    execute(postgres_server, f"CREATE DATABASE {name}")
    url = postgres_server.rsplit("/", 1)[0] + f"/{name}"
    execute(url, migrations.script(migrations.load("postgres")))
    return url


@pytest.fixture(scope="session")
def postgrest_url(project_url: str) -> Iterator[str]:
    """The URL of a PostgREST on that database."""
    try:
        supabase_project.binary()
    except Refusal as refusal:
        pytest.skip(f"no PostgREST, so no Supabase: {refusal}")
    with supabase_project.postgrest(project_url, free_port(), free_port()) as url:
        yield url


@pytest.fixture
async def gateway(postgrest_url: str) -> AsyncIterator[tuple[str, supabase_project.Gateway]]:
    """A Supabase project's URL, and what stands there."""
    made = supabase_project.Gateway(postgrest_url)
    server = TestServer(made.application())
    await server.start_server()
    yield str(server.make_url("/")).rstrip("/"), made
    await server.close()


@pytest.fixture
def on_supabase(gateway: tuple[str, supabase_project.Gateway], project_url: str) -> Database:
    """An empty Supabase project."""
    execute(project_url, EMPTY)
    key = Secret(supabase_project.SECRET_KEY)
    environ = {"SUPABASE_URL": gateway[0], "SUPABASE_SERVICE_ROLE_KEY": key.reveal()}
    return Database("supabase", lambda: SupabaseStore(gateway[0], key), beside(project_url), environ)


@pytest.fixture
def on_postgres(migrated_url: str) -> Database:
    """An empty PostgreSQL."""
    execute(migrated_url, EMPTY)
    environ = {"DATABASE_URL": migrated_url}
    return Database("postgres", lambda: PostgresStore(Secret(migrated_url)), beside(migrated_url), environ)


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Database:
    """An empty SQLite file."""
    path = tmp_path / FILE_NAME

    async def run(sql: str) -> list[Any]:
        with contextlib.closing(sqlite3.connect(path)) as connection, connection:
            return connection.execute(sql).fetchall()

    return Database("sqlite", lambda: SqliteStore(path), run, {"STORE": "sqlite"})


@pytest.fixture
def environ(database: Database, tmp_path: Path) -> dict[str, str]:
    """The environment of a process of its own on the same database, with a data folder that is the test's."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(__file__).resolve().parents[3]),
        "DATA_DIR": str(tmp_path),
        **database.environ,
    }


@pytest.fixture(params=["sqlite", "postgres", "supabase"])
def database(request: pytest.FixtureRequest) -> Database:
    """An empty database of each kind in turn."""
    made: Database = request.getfixturevalue(f"on_{request.param}")
    return made


@pytest.fixture
async def store(database: Database) -> AsyncIterator[Store]:
    """An open store on it."""
    made = database.make()
    await made.open()
    yield made
    await made.close()
