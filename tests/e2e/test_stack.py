"""A developer's stack through the real CLI on a real engine, in the order of its life.

The tests share one stack and build on one another: each leaves it up and healthy.
"""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from infra.conversation import CLIENT, REVISION
from tests.e2e.checkout import Stack, docker

pytestmark = [pytest.mark.engine, pytest.mark.pulumi]

RELOAD_SECONDS = 30
"""Bounds the wait; the figure to reach is 3 s and is printed."""
INTERRUPT_SECONDS = 120
CHANGED = re.compile(r"\d+ (created|updated|replaced|deleted)")
RESOURCES = 19
ANSWERED = "The server is up and has answered an MCP call."


@pytest.fixture(scope="module")
def first_up(stack: Stack) -> str:
    return stack.up()


@pytest.fixture(autouse=True)
def _it_is_up(first_up: str) -> None:
    """Every test finds the stack up."""


def test_up_ends_with_an_answered_call_and_says_how_to_connect(stack: Stack, first_up: str) -> None:
    assert "MCP call answered in" in first_up
    assert ANSWERED in first_up
    assert f"ws://127.0.0.1:{stack.port}/mcp" in first_up
    assert f"make connect STACK={stack.name} ARGS=--write" in first_up
    assert f"token      in .exai/secrets/{stack.name}/auth_token" in first_up
    assert {stack.inspect(service)["State"]["Health"]["Status"] for service in SERVICES} == {"healthy"}


SERVICES = ("exai-mcp-server", "redis", "postgres")


def test_a_client_is_connected_by_a_verb_once_its_call_was_answered(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "mcp.json"

    done = stack.verb("connect", "claude-code", "--check", "--write", "--file", str(file))

    assert done.returncode == 0, done.stdout
    assert "The server answers: 12 tools" in done.stdout
    entry = json.loads(file.read_text())["mcpServers"]["exai"]
    assert entry["url"] == f"ws://127.0.0.1:{stack.port}/mcp"
    assert entry["headers"] == {"Authorization": "Bearer ${EXAI_TOKEN}"}


def test_a_second_up_changes_nothing_and_asks_again(stack: Stack) -> None:
    before = stack.ids()

    said = stack.up()

    assert not CHANGED.search(said), said
    assert f"{RESOURCES} unchanged" in said
    assert "MCP call answered in" in said
    assert stack.ids() == before
    print(re.findall(r"Duration: .*", said))  # noqa: T201 - the figure of this run


def test_a_bare_pulumi_up_needs_only_what_env_prints(stack: Stack) -> None:
    exports = stack.verb("env")
    assert exports.returncode == 0, exports.stdout

    done = stack.checkout.run("sh", "-c", f"{exports.stdout}\npulumi up --yes --suppress-progress")

    assert done.returncode == 0, done.stdout
    assert f"{RESOURCES} unchanged" in done.stdout


def test_the_committed_stack_file_is_not_written_to(stack: Stack) -> None:
    file = stack.checkout.root / "Pulumi.dev.yaml"
    before = file.read_bytes()

    done = stack.checkout.verb("env", "dev")

    assert done.returncode == 0, done.stdout
    assert file.read_bytes() == before


def test_containers_are_hardened_and_bounded(stack: Stack) -> None:
    for service in SERVICES:
        shown = stack.inspect(service)
        host = shown["HostConfig"]
        assert host["ReadonlyRootfs"] is True
        assert host["CapDrop"] == ["ALL"]
        assert not host["CapAdd"]
        assert "no-new-privileges:true" in host["SecurityOpt"]
        assert host["Memory"] > 0
        assert host["NanoCpus"] > 0
        assert host["Init"] is True
        assert host["LogConfig"] == {"Type": "json-file", "Config": {"max-file": "3", "max-size": "10m"}}
        assert host["RestartPolicy"]["Name"] == "unless-stopped"
        assert shown["Config"]["User"] in {"1000:1000", "999:999"}
        bindings = [binding for bound in (host["PortBindings"] or {}).values() for binding in bound]
        assert all(binding["HostIp"] == "127.0.0.1" for binding in bindings)


def test_no_secret_is_in_state_plan_inspection_history_logs_or_output(stack: Stack, first_up: str) -> None:
    canaries = {path.name: path.read_text().strip() for path in stack.secrets.iterdir()}
    state = stack.checkout.root / ".exai" / "state"
    surfaces = {
        str(path): path.read_bytes().decode(errors="replace") for path in state.rglob("*") if path.is_file()
    }
    image = stack.inspect("exai-mcp-server")["Image"]
    surfaces |= {f"inspect {service}": json.dumps(stack.inspect(service)) for service in SERVICES}
    surfaces |= {f"logs {service}": _logs(stack.container(service)) for service in SERVICES}
    surfaces["history"] = docker("history", "--no-trunc", image)
    surfaces["image"] = docker("inspect", image)
    surfaces["plan"] = stack.verb("preview").stdout
    surfaces["every attribute of it"] = stack.verb("preview", "--diff").stdout
    surfaces["digest"] = stack.verb("preview", "--json").stdout
    surfaces["output of up"] = first_up
    surfaces["processes"] = "".join(docker("top", stack.container(service)) for service in SERVICES)

    found = [
        (name, surface)
        for name, text in canaries.items()
        for surface, said in surfaces.items()
        if text in said
    ]

    assert len(canaries) == 6
    assert any(path.endswith(".json") for path in surfaces)
    assert found == []


def test_an_edit_in_app_is_served(stack: Stack) -> None:
    version = asyncio.run(_version(stack))

    with stack.checkout.edited("app/version.py", f'VERSION = "{version}"', 'VERSION = "0.1.77"'):
        began = time.monotonic()
        _await(lambda: _served(stack) == "0.1.77", RELOAD_SECONDS)
        print(f"an edit was served after {time.monotonic() - began:.1f} s")  # noqa: T201 - the figure of this run
    _await(lambda: _served(stack) == version, RELOAD_SECONDS)


def test_a_health_check_edit_previews_as_replace(stack: Stack) -> None:
    with stack.checkout.edited("infra/health.py", "retries=contract.PROBE_RETRIES", "retries=7"):
        plan = json.loads(stack.verb("preview", "--json").stdout)

    changes = {change["name"]: change for change in plan["changes"]}
    assert set(changes) == {stack.container(service) for service in SERVICES}
    for change in changes.values():
        assert change["operation"] == "replace"
        probe, *others = change["differences"]
        assert probe == {"field": "healthcheck.retries", "before": 3, "after": 7, "forces": True}
        # The server's secrets are known once the stores have taken them, so its mark of them is not.
        assert all(other["after"] == "known only during the update" for other in others)


def test_a_stopped_container_is_drift_that_up_mends(stack: Stack) -> None:
    assert stack.verb("drift").returncode == 0
    docker("stop", "--time", "5", stack.container("redis"))

    drift = stack.verb("drift")
    assert drift.returncode != 0
    first = f"{stack.container('redis')}  is not running: the update starts it again"
    assert drift.stdout.splitlines()[0] == first

    assert ANSWERED in stack.up()
    assert stack.verb("drift").returncode == 0


def test_a_changed_limit_is_drift_with_both_values(stack: Stack) -> None:
    docker("update", "--memory", "300m", "--memory-swap", "300m", stack.container("postgres"))

    drift = stack.verb("drift")

    assert drift.returncode != 0
    assert "memory is 300, and should be 512" in drift.stdout
    stack.up()
    assert stack.inspect("postgres")["HostConfig"]["Memory"] == 512 << 20


def test_a_network_that_is_gone_is_drift_and_part_of_the_plan(stack: Stack) -> None:
    labels = ("--filter", f"label=exai.stack={stack.name}", "--filter", "name=frontend")
    network = docker("network", "ls", "--quiet", *labels).strip()
    docker("network", "disconnect", "--force", network, stack.container("exai-mcp-server"))
    docker("network", "rm", network)

    drift, plan = stack.verb("drift"), json.loads(stack.verb("preview", "--json").stdout)

    assert drift.returncode != 0
    assert f"{stack.name}-frontend" in drift.stdout
    assert "network is gone: the update makes it again" in drift.stdout
    assert [one["what"] for one in plan["drift"] if one["kind"] == "network"] == ["is gone"]
    assert ("create", f"{stack.name}-frontend") in {
        (change["operation"], change["name"]) for change in plan["changes"]
    }
    stack.up()
    assert stack.verb("drift").returncode == 0


def test_an_exported_state_is_planned_against_where_there_is_no_engine(stack: Stack, tmp_path: Path) -> None:
    exports = stack.verb("env").stdout
    export = tmp_path / "export.json"
    done = stack.checkout.run("sh", "-c", f"{exports}\npulumi stack export --file {export}")
    assert done.returncode == 0, done.stdout
    away = {"DOCKER_HOST": "unix:///nowhere/docker.sock", "PULUMI_BACKEND_URL": "file:///nowhere"}

    same = stack.verb("preview", "--state", str(export), **away)
    with stack.checkout.edited("infra/health.py", "retries=contract.PROBE_RETRIES", "retries=7"):
        changed = json.loads(stack.verb("preview", "--json", "--state", str(export), **away).stdout)

    assert same.stdout == f"{stack.name}: nothing to change, 12 parts compared (against the exported state)\n"
    assert changed["summary"]["replace"] == 3
    assert changed["dataAtRisk"] == []


def test_a_taken_port_is_refused_before_anything_is_changed(stack: Stack) -> None:
    before = stack.ids()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        stack.configure(publishedPort=port)
        said = stack.refused()
    stack.configure(publishedPort=stack.port)

    assert f"Port {port} is held by the process " in said
    assert f"(pid {os.getpid()})" in said
    assert f"`exai-mcp-server:publishedPort: {port + 1}` under `config:` in {stack.file.name}" in said
    assert stack.ids() == before


def test_wrong_settings_are_refused_in_one_message(stack: Stack) -> None:
    stack.configure(publishPort=1, server={"memory": -1})
    said = stack.refused()
    stack.configure(server={"memory": 1024})
    stack.file.write_text(stack.file.read_text().replace("  exai-mcp-server:publishPort: 1\n", ""))

    assert "`exai-mcp-server:publishPort` is not a setting; did you mean `publishedPort`?" in said
    assert "`exai-mcp-server:server.memory` is -1, and must be a whole number of MiB" in said
    assert "Traceback" not in said


def test_a_wrong_passphrase_is_one_sentence(stack: Stack) -> None:
    done = stack.verb("up", PULUMI_CONFIG_PASSPHRASE="wrong")

    assert done.returncode != 0
    assert "The passphrase does not open this stack: set PULUMI_CONFIG_PASSPHRASE_FILE" in done.stdout
    assert "Traceback" not in done.stdout


def test_an_unanswered_call_fails_the_update_and_the_next_one_too(stack: Stack) -> None:
    anchor = "    async def serve(self, request: web.Request) -> web.StreamResponse:\n"
    broken = f"{anchor}        raise web.HTTPServiceUnavailable\n"
    with stack.checkout.edited("app/transports/websocket.py", anchor, broken):
        first, second = stack.refused(), stack.refused()

    complaint = f"did not answer a client's call to ws://127.0.0.1:{stack.port}/mcp"
    assert complaint in first
    assert complaint in second
    assert f"{RESOURCES} unchanged" in second
    assert "Traceback" not in first + second
    assert ANSWERED in stack.up()
    assert len(stack.images()) == 1, "images of earlier updates were left behind"


def test_a_rotated_password_reaches_the_database_and_the_server(stack: Stack) -> None:
    before, file = stack.ids(), stack.secrets / "postgres_password"
    old = file.read_text()
    file.unlink()

    assert ANSWERED in stack.up()

    after = stack.ids()
    changed = {name for name in after if after[name] != before[name]}
    assert file.read_text() != old
    # The database takes a new password while it runs.
    assert changed == {stack.container("exai-mcp-server")}


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_update_is_picked_up_by_the_next(
    stack: Stack, how: signal.Signals, tmp_path: Path
) -> None:
    level = "INFO" if how is signal.SIGINT else "WARNING"
    stack.configure(logLevel=level)
    log = tmp_path / "up.log"
    name = stack.container("exai-mcp-server")
    with log.open("w") as output:
        update = subprocess.Popen(
            [sys.executable, "-m", "scripts.stack", "up", "--stack", stack.name],
            cwd=stack.checkout.root,
            env=stack.checkout.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        _await(lambda: f"Container {name} creating replacement" in log.read_text(), INTERRUPT_SECONDS)
        # As a terminal does for Ctrl-C, and as the kernel does when memory runs out: the whole group.
        os.killpg(update.pid, how)
        update.wait(INTERRUPT_SECONDS)

    said = stack.up()

    assert ANSWERED in said
    assert f"LOG_LEVEL={level}" in stack.inspect("exai-mcp-server")["Config"]["Env"]
    assert stack.verb("drift").returncode == 0


def test_data_survives_down_and_up(stack: Stack) -> None:
    _sql(stack, "CREATE TABLE kept (word text); INSERT INTO kept VALUES ('still here');")

    down = stack.verb("down")

    assert down.returncode == 0, down.stdout
    assert stack.ids() == {}
    assert docker("network", "ls", "--quiet", "--filter", f"label=exai.stack={stack.name}") == ""
    assert len(stack.volumes()) == 4
    assert f"{stack.name}-postgres (" in down.stdout
    assert ANSWERED in stack.up()
    assert _sql(stack, "SELECT word FROM kept;") == "still here"


def test_a_volume_of_another_user_gets_the_command_that_mends_it(stack: Stack) -> None:
    image = stack.inspect("exai-mcp-server")["Image"]
    data = f"{stack.name}-data"
    assert stack.verb("down").returncode == 0
    # Not empty, or the engine would give it the owner that the image has at that place.
    spoil = (
        "--entrypoint",
        "sh",
        "--volume",
        f"{data}:/mnt",
        image,
        "-c",
        "touch /mnt/x && chown -R 0:0 /mnt",
    )
    docker("run", "--rm", "--user", "0:0", *spoil)
    stack.configure(healthyWithin=12)

    said = stack.refused()

    name = stack.container("exai-mcp-server")
    assert f"The container {name} did not become healthy within 12 s" in said
    assert "cannot write" in said
    assert stack.inspect("exai-mcp-server")["State"]["Running"] is False
    command = next(line for line in said.splitlines() if f"--volume {data}:/mnt" in line).partition("back: ")[
        2
    ]
    mended = stack.checkout.run("sh", "-c", command)
    assert mended.returncode == 0, mended.stdout
    stack.configure(healthyWithin=60)
    assert ANSWERED in stack.up()


def test_destroy_asks_first_and_then_leaves_nothing(stack: Stack) -> None:
    before = stack.ids()
    unasked = stack.verb("destroy")
    assert unasked.returncode != 0
    assert f"volume {stack.name}-postgres (" in unasked.stdout
    assert "YES=1" in unasked.stdout
    assert stack.ids() == before

    done = stack.verb("destroy", YES="1")

    assert done.returncode == 0, done.stdout
    assert stack.ids() == {}
    assert stack.volumes() == []
    assert not stack.secrets.exists()
    assert stack.images() == []
    assert stack.file.exists()


def _await(happened: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"it did not happen within {seconds} s"
        time.sleep(0.05)


def _logs(name: str) -> str:
    return subprocess.run(
        ["docker", "logs", name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
    ).stdout


def _sql(stack: Stack, statement: str) -> str:
    arguments = ("psql", "--tuples-only", "--no-align", "--username", "exai", "exai", "--command", statement)
    return docker("exec", stack.container("postgres"), *arguments).strip()


def _served(stack: Stack) -> str | None:
    """The version the server says it has; None while it is restarting."""
    try:
        return asyncio.run(_version(stack))
    except (aiohttp.ClientError, OSError, TypeError):
        return None


async def _version(stack: Stack) -> str:
    token = (stack.secrets / "auth_token").read_text().strip()
    opening = {"protocolVersion": REVISION, "capabilities": {}, "clientInfo": CLIENT}
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(
            f"ws://127.0.0.1:{stack.port}/mcp",
            headers={"Authorization": f"Bearer {token}"},
            protocols=("mcp",),
        ) as connection,
    ):
        await connection.send_json({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": opening})
        version: str = (await connection.receive_json())["result"]["serverInfo"]["version"]
        return version
