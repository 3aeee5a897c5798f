"""PostgreSQL under the official name takes the official variables, paths and users; run on a real engine."""

import gzip
from pathlib import Path

import pytest

from app import contract

from .engine_bench import HARDENED, Bench, docker, eventually, logs, postgres_ready, probe, query

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("base_images")]

POSTGRES_TMPFS = ("--tmpfs", "/var/run/postgresql:uid=999,gid=999")


def test_postgres_runs_hardened_and_answers_the_stacks_probe(bench: Bench) -> None:
    volume = bench.volume()
    name = bench.start(
        *HARDENED, *POSTGRES_TMPFS, "--volume", f"{volume}:{contract.POSTGRES_DATA_PATH}",
        "--env", "POSTGRES_PASSWORD=secret", "--env", f"POSTGRES_USER={contract.POSTGRES_USER}",
        contract.IMAGES["postgres"],
    )  # fmt: skip
    eventually(name, lambda: probe(name, contract.PROBE_POSTGRES))
    facts = "SELECT current_setting('server_encoding') || current_setting('listen_addresses')"
    assert query(name, facts, user="exai", database="exai") == "UTF8*"
    assert query(name, "SHOW server_version_num", user="exai", database="exai").startswith("17")


def test_postgres_keeps_its_data_over_a_restart_and_drops_root(bench: Bench) -> None:
    volume = bench.volume()
    arguments = (
        "--volume",
        f"{volume}:{contract.POSTGRES_DATA_PATH}",
        "--env",
        "POSTGRES_PASSWORD=secret",
        "postgres:17",
    )
    first = bench.start(*arguments)
    postgres_ready(first)
    assert docker("exec", first, "stat", "-c", "%u", "/proc/1").stdout.strip() == "999"
    query(first, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (42)")
    assert docker("stop", first).returncode == 0
    assert "received fast shutdown request" in logs(first)
    second = bench.start(*arguments)
    postgres_ready(second)
    assert query(second, "SELECT n FROM kept") == "42"
    assert "Skipping initialization" in logs(second)


def test_postgres_takes_every_variable_from_a_file(bench: Bench, shared: Path) -> None:
    values = {
        "POSTGRES_PASSWORD": "pass word'\"$x", "POSTGRES_USER": "ada", "POSTGRES_DB": "engine",
        "POSTGRES_INITDB_ARGS": "--data-checksums --wal-segsize=32", "POSTGRES_HOST_AUTH_METHOD": "md5",
    }  # fmt: skip
    arguments: list[str] = []
    for variable, value in values.items():
        (shared / variable).write_text(value + "\n")
        arguments += ["--env", f"{variable}_FILE=/secrets/{variable}"]
    name = bench.start(*arguments, "--volume", f"{shared}:/secrets:ro", "postgres:17")
    postgres_ready(name)
    assert query(name, "SHOW data_checksums", user="ada", database="engine") == "on"
    assert query(name, "SHOW wal_segment_size", user="ada", database="engine") == "32MB"
    assert (
        "host all all all md5" in docker("exec", name, "cat", "/var/lib/postgresql/data/pg_hba.conf").stdout
    )
    address = docker("exec", name, "hostname", "-i").stdout.strip()
    login = ["psql", "-h", address, "-U", "ada", "engine", "-tAc", "SELECT 1"]
    assert docker("exec", "--env", f"PGPASSWORD={values['POSTGRES_PASSWORD']}", name, *login).stdout == "1\n"
    assert docker("exec", "--env", "PGPASSWORD=wrong", name, *login).returncode != 0


@pytest.mark.parametrize(
    "variable",
    [
        "POSTGRES_PASSWORD",
        "POSTGRES_USER",
        "POSTGRES_DB",
        "POSTGRES_INITDB_ARGS",
        "POSTGRES_HOST_AUTH_METHOD",
    ],
)
def test_postgres_refuses_a_variable_and_its_file_together(bench: Bench, variable: str) -> None:
    done = bench.run("--env", f"{variable}=a", "--env", f"{variable}_FILE=/etc/hostname", "postgres:17")
    assert done.returncode == 1
    assert variable in done.stderr
    assert f"{variable}_FILE" in done.stderr


def test_postgres_refuses_an_empty_password(bench: Bench) -> None:
    done = bench.run("postgres:17")
    assert done.returncode == 1
    assert "POSTGRES_PASSWORD" in done.stderr


def test_postgres_trusts_everybody_only_when_told_so(bench: Bench) -> None:
    name = bench.start("--env", "POSTGRES_HOST_AUTH_METHOD=trust", "postgres:17")
    postgres_ready(name)
    address = docker("exec", name, "hostname", "-i").stdout.strip()
    assert docker("exec", name, "psql", "-h", address, "-U", "postgres", "-tAc", "SELECT 1").stdout == "1\n"


def test_postgres_runs_initialisation_scripts_in_order_and_listens_only_afterwards(
    bench: Bench, shared: Path
) -> None:
    (shared / "1.sql").write_text("CREATE TABLE steps (name text); INSERT INTO steps VALUES ('sql');")
    (shared / "2.sh").write_text(
        "pg_isready -h 127.0.0.1 && exit 1\n"
        'psql -U "$POSTGRES_USER" -d "$POSTGRES_DB" -c "INSERT INTO steps VALUES (\'sh\')"\n'
    )
    (shared / "3.sql.gz").write_bytes(gzip.compress(b"INSERT INTO steps VALUES ('gz');"))
    name = bench.start(
        "--env",
        "POSTGRES_PASSWORD=secret",
        "--volume",
        f"{shared}:/docker-entrypoint-initdb.d:ro",
        "postgres:17",
    )
    postgres_ready(name)
    assert query(name, "SELECT string_agg(name, ',') FROM steps") == "sql,sh,gz"


def test_postgres_passes_server_options_on(bench: Bench) -> None:
    name = bench.start("--env", "POSTGRES_PASSWORD=secret", "postgres:17", "-c", "max_connections=17")
    postgres_ready(name)
    assert query(name, "SHOW max_connections") == "17"


def test_postgres_starts_as_a_user_that_the_image_does_not_know(bench: Bench) -> None:
    own_folder = ("--env", f"PGDATA={contract.POSTGRES_DATA_PATH}/own")
    name = bench.start("--user", "1234:1234", "--env", "POSTGRES_PASSWORD=secret", *own_folder, "postgres:17")
    postgres_ready(name)
    assert docker("exec", name, "stat", "-c", "%u", "/proc/1").stdout.strip() == "1234"
