"""Whatever image bears an official name keeps the official image's promises; run on a real engine.

The same tests hold for the official images: they name no stand-in.
"""

from pathlib import Path

import pytest

from app import contract

from .engine_bench import HARDENED, Bench, docker, eventually, probe

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("base_images")]


def test_python_has_its_names_and_makes_environments(bench: Bench) -> None:
    script = (
        "python -V && python3 -V && pip --version && pip3 --version && command -v python && command -v pip"
        " && python -m venv /tmp/v"
    )
    done = bench.run(
        "python:3.13-slim", "sh", "-c", f"{script} && /tmp/v/bin/pip --version && ! command -v curl"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Python 3.13.")
    assert "/usr/local/bin/python\n/usr/local/bin/pip\n" in done.stdout


def test_redis_runs_the_stacks_command_hardened_and_keeps_its_data(bench: Bench) -> None:
    volume = bench.volume()
    arguments = (
        *HARDENED, "--volume", f"{volume}:{contract.REDIS_DATA_PATH}", "--env", "REDIS_PASSWORD=secret",
        contract.IMAGES["redis"], *contract.REDIS_COMMAND,
    )  # fmt: skip
    first = bench.start(*arguments)
    eventually(first, lambda: probe(first, contract.PROBE_REDIS))
    cli = ("exec", "--env", "REDISCLI_AUTH=secret")
    assert docker(*cli, first, "redis-cli", "set", "kept", "42").stdout.strip() == "OK"
    assert "NOAUTH" in docker("exec", first, "redis-cli", "get", "kept").stdout
    assert "secret" not in docker("exec", first, "cat", "/proc/1/cmdline").stdout
    assert docker("stop", first).returncode == 0
    second = bench.start(*arguments)
    eventually(second, lambda: probe(second, contract.PROBE_REDIS))
    assert docker(*cli, second, "redis-cli", "get", "kept").stdout.strip() == "42"


def test_redis_takes_flags_drops_root_and_lets_others_in(bench: Bench) -> None:
    name = bench.start("redis:8", "--maxmemory", "32mb")
    eventually(name, lambda: probe(name, ("CMD-SHELL", "redis-cli ping | grep -q PONG")))
    assert docker("exec", name, "stat", "-c", "%u", "/proc/1").stdout.strip() == "999"
    assert docker("exec", name, "redis-cli", "config", "get", "maxmemory").stdout.split()[-1] == "33554432"
    address = docker("exec", name, "hostname", "-i").stdout.strip()
    assert docker("exec", name, "redis-cli", "-h", address, "ping").stdout.strip() == "PONG"


def test_redis_obeys_a_configuration_that_protects_itself(bench: Bench, shared: Path) -> None:
    (shared / "redis.conf").write_text("protected-mode yes\n")
    name = bench.start("--volume", f"{shared}:/etc/own:ro", "redis:8", "/etc/own/redis.conf")
    eventually(name, lambda: probe(name, ("CMD-SHELL", "redis-cli ping | grep -q PONG")))
    assert docker("exec", name, "redis-cli", "config", "get", "protected-mode").stdout.split()[-1] == "yes"


def test_haproxy_serves_its_configuration_as_its_user(bench: Bench, shared: Path) -> None:
    (shared / "haproxy.cfg").write_text(
        "defaults\n  mode http\n  timeout connect 1s\n  timeout client 1s\n"
        "  timeout server 1s\nfrontend f\n  bind :80\n  "
        "http-request return status 200 content-type text/plain string here\n"
    )
    name = bench.start("--volume", f"{shared}:/usr/local/etc/haproxy:ro", "haproxy:3.0")
    client = bench.start("--network", f"container:{name}", "python:3.13-slim", "sleep", "600")
    ask = "import urllib.request as u; print(u.urlopen('http://127.0.0.1/', timeout=2).read().decode())"
    eventually(name, lambda: docker("exec", client, "python", "-c", ask).stdout == "here\n")
    identity = docker(
        "exec", name, "sh", "-c", "id -u; id -g; command -v haproxy; tr '\\0' ' ' < /proc/1/cmdline"
    ).stdout
    assert identity.split("\n")[:3] == ["99", "99", "/usr/local/sbin/haproxy"]
    assert "-W -db -f /usr/local/etc/haproxy/haproxy.cfg" in identity
    assert docker("stop", name).returncode == 0
    assert docker("inspect", "--format", "{{.State.ExitCode}}", name).stdout.strip() == "0"


@pytest.mark.parametrize(
    ("image", "signal", "user"),
    [("postgres:17", "SIGINT", ""), ("redis:8", "", ""), ("haproxy:3.0", "SIGUSR1", "haproxy")],
)
def test_signals_and_users_are_the_official_ones(image: str, signal: str, user: str) -> None:
    inspected = docker("inspect", "--format", "{{.Config.StopSignal}} {{.Config.User}}", image)
    assert inspected.stdout.rstrip("\n") == f"{signal} {user}"
