"""The running project: it answers MCP, is hardened as written, and keeps its data."""

import json
import subprocess
from typing import Any

import aiohttp
import httpx
import pytest

from app import contract
from tests.compose.conftest import WAIT_SECONDS, Project

pytestmark = pytest.mark.engine

REVISION = "2025-06-18"
CLIENT = {"name": "compose-test", "version": "1"}
INITIALIZE = {"protocolVersion": REVISION, "capabilities": {}, "clientInfo": CLIENT}
MIB = 1024 * 1024
SERVICES = (contract.NAME, contract.REDIS_SERVICE, contract.POSTGRES_SERVICE)
USERS = {
    contract.NAME: f"{contract.USER_ID}:{contract.GROUP_ID}",
    contract.REDIS_SERVICE: f"{contract.STORE_USER_ID}:{contract.STORE_USER_ID}",
    contract.POSTGRES_SERVICE: f"{contract.STORE_USER_ID}:{contract.STORE_USER_ID}",
}
CALL_TIMEOUT_SECONDS = 20
ENDINGS = ("PASSWORD", "TOKEN", "KEY")
SQL = "psql -h 127.0.0.1 -U exai -d exai -qAt"
REDIS = "REDISCLI_AUTH=$REDIS_PASSWORD redis-cli"


def _inspect(project: Project, service: str) -> dict[str, Any]:
    command = ["docker", "inspect", project.container(service)]
    found: dict[str, Any] = json.loads(
        subprocess.run(command, capture_output=True, check=True, timeout=30).stdout
    )[0]
    return found


@pytest.fixture(params=SERVICES)
def inspected(request: pytest.FixtureRequest, project: Project) -> tuple[str, dict[str, Any]]:
    return request.param, _inspect(project, request.param)


def _message(answer: httpx.Response) -> dict[str, Any]:
    """The JSON-RPC message of an answer, whether it came as JSON or as the last event of a stream."""
    text = answer.text
    if answer.headers["content-type"].startswith("text/event-stream"):
        text = [line.removeprefix("data:") for line in text.splitlines() if line.startswith("data:")][-1]
    found: dict[str, Any] = json.loads(text)
    return found


def _request(number: int, method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


async def test_health_is_open_and_terse(project: Project) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{project.port}") as client:
        answers = {path: await client.get(path) for path in (contract.HEALTH_PATH, contract.LIVENESS_PATH)}

    assert [answer.status_code for answer in answers.values()] == [200, 200]
    assert answers[contract.HEALTH_PATH].json() == {"status": "ok"}


async def test_a_call_over_http_is_answered(project: Project) -> None:
    headers = {"Authorization": f"Bearer {project.token}", "Accept": "application/json, text/event-stream"}
    url = f"http://127.0.0.1:{project.port}{contract.MCP_PATH}"
    async with httpx.AsyncClient(headers=headers, timeout=CALL_TIMEOUT_SECONDS) as client:
        opened = await client.post(url, json=_request(1, "initialize", **INITIALIZE))
        client.headers["MCP-Protocol-Version"] = REVISION
        if "mcp-session-id" in opened.headers:
            client.headers["Mcp-Session-Id"] = opened.headers["mcp-session-id"]
        await client.post(url, json={"jsonrpc": "2.0", "method": "notifications/initialized"})
        called = await client.post(url, json=_request(2, "tools/call", name="status", arguments={}))

    assert _message(opened)["result"]["serverInfo"]["name"] == contract.NAME
    assert _message(called)["result"].get("isError", False) is False
    assert _message(called)["result"]["content"]


async def test_a_call_over_websocket_is_answered(project: Project) -> None:
    headers = {"Authorization": f"Bearer {project.token}"}
    url = f"ws://127.0.0.1:{project.port}{contract.MCP_PATH}"
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(url, protocols=["mcp"], headers=headers) as connection,
    ):
        await connection.send_json(_request(1, "initialize", **INITIALIZE))
        opened = await connection.receive_json(timeout=CALL_TIMEOUT_SECONDS)
        await connection.send_json({"jsonrpc": "2.0", "method": "notifications/initialized"})
        await connection.send_json(_request(2, "tools/list"))
        listed = await connection.receive_json(timeout=CALL_TIMEOUT_SECONDS)

    assert connection.protocol == "mcp"
    assert opened["result"]["serverInfo"]["name"] == contract.NAME
    assert {"status", "listmodels"} <= {tool["name"] for tool in listed["result"]["tools"]}


async def test_a_call_without_the_token_is_refused(project: Project) -> None:
    async with httpx.AsyncClient() as client:
        refused = await client.post(
            f"http://127.0.0.1:{project.port}{contract.MCP_PATH}",
            json=_request(1, "initialize", **INITIALIZE),
        )

    assert refused.status_code == 401


def test_every_service_is_healthy(inspected: tuple[str, dict[str, Any]]) -> None:
    _, container = inspected

    assert container["State"]["Health"]["Status"] == "healthy"


def test_every_service_runs_as_its_user_without_privileges(inspected: tuple[str, dict[str, Any]]) -> None:
    service, container = inspected
    host = container["HostConfig"]

    assert container["Config"]["User"] == USERS[service]
    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert any(option.startswith("no-new-privileges") for option in host["SecurityOpt"])
    assert host["Privileged"] is False
    assert host["Init"] is True
    assert host["NetworkMode"] not in ("host", "bridge", "default")


@pytest.mark.parametrize("service", SERVICES)
def test_the_kernel_agrees_that_nothing_may_be_gained(project: Project, service: str) -> None:
    command = ["docker", "exec", project.container(service), "cat", "/proc/1/status"]
    lines = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=30
    ).stdout.splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)

    assert {name: int(status[name], 16) for name in ("CapEff", "CapPrm", "CapBnd")} == {
        "CapEff": 0,
        "CapPrm": 0,
        "CapBnd": 0,
    }
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"


def test_every_service_is_bounded(inspected: tuple[str, dict[str, Any]]) -> None:
    _, container = inspected
    host = container["HostConfig"]

    assert host["Memory"] > 0
    assert host["MemorySwap"] in (host["Memory"], -1, 0)  # -1 or 0 where the kernel cannot account swap
    assert host["MemoryReservation"] > 0
    assert host["NanoCpus"] > 0
    assert host["PidsLimit"] > 0
    assert {limit["Name"] for limit in host["Ulimits"]} == {"nofile", "core"}
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    assert host["LogConfig"] == {
        "Type": contract.LOG_DRIVER,
        "Config": {"max-size": contract.LOG_MAX_SIZE, "max-file": str(contract.LOG_MAX_FILES)},
    }


def test_the_server_has_the_limits_of_the_contract(project: Project) -> None:
    container = _inspect(project, contract.NAME)
    host = container["HostConfig"]

    assert host["Memory"] == contract.SERVER_MEMORY_MIB * MIB
    assert host["MemoryReservation"] == contract.SERVER_MEMORY_RESERVATION_MIB * MIB
    assert host["NanoCpus"] == contract.SERVER_CPUS * 1e9
    assert container["Config"]["StopTimeout"] == contract.STOP_GRACE_SECONDS


def test_no_path_of_the_host_is_mounted(inspected: tuple[str, dict[str, Any]]) -> None:
    _, container = inspected

    assert {mount["Type"] for mount in container["Mounts"]} <= {"volume", "tmpfs"}


def test_only_the_server_is_published_and_on_loopback_only(project: Project) -> None:
    published = {service: _inspect(project, service)["HostConfig"]["PortBindings"] for service in SERVICES}

    assert published == {
        contract.NAME: {f"{contract.PORT}/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(project.port)}]},
        contract.REDIS_SERVICE: {},
        contract.POSTGRES_SERVICE: {},
    }


def test_the_stores_are_on_a_network_without_a_way_out(project: Project) -> None:
    backend = f"{project.name}_backend"
    command = ["docker", "network", "inspect", "--format", "{{.Internal}}", backend]
    internal = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.strip()

    assert internal == "true"
    for service in (contract.REDIS_SERVICE, contract.POSTGRES_SERVICE):
        assert list(_inspect(project, service)["NetworkSettings"]["Networks"]) == [backend]


@pytest.mark.parametrize("port", [contract.REDIS_PORT, contract.POSTGRES_PORT])
def test_a_port_of_the_host_does_not_lead_to_the_stores(project: Project, port: int) -> None:
    owners = subprocess.run(
        ["docker", "ps", "--quiet", "--filter", f"publish={port}", "--filter", f"name={project.name}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout

    assert owners == ""


def test_no_password_is_on_a_command_line(project: Project) -> None:
    for service in SERVICES:
        script = "for file in /proc/[0-9]*/cmdline; do tr '\\0' ' ' < $file; done 2> /dev/null || true"
        command = ["docker", "exec", project.container(service), "sh", "-c", script]
        lines = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout
        environment = dict(entry.partition("=")[::2] for entry in _inspect(project, service)["Config"]["Env"])
        secrets = [value for name, value in environment.items() if value and name.endswith(ENDINGS)]

        assert secrets
        assert not [secret for secret in secrets if secret in lines]


@pytest.mark.parametrize("service", [contract.REDIS_SERVICE, contract.POSTGRES_SERVICE])
def test_a_store_survives_a_restart_of_its_container(project: Project, service: str) -> None:
    """A tmpfs comes back with another mode, which once kept PostgreSQL from its socket."""
    project.execute(f"restart --timeout 30 {service}")
    project.execute(f"up --detach --wait --wait-timeout {WAIT_SECONDS} --no-build")

    assert _inspect(project, service)["State"]["Health"]["Status"] == "healthy"


def test_a_vendor_key_that_nobody_set_is_absent_in_the_container(project: Project) -> None:
    environment = project.execute(f"exec -T {contract.NAME} env")

    assert "AUTH_TOKEN=" in environment
    assert "KIMI_API_KEY" not in environment


def test_data_survives_down_and_up(project: Project) -> None:
    words = "create table kept as select 'stays' as word"
    project.execute(f'exec -T postgres sh -c "PGPASSWORD=\\$POSTGRES_PASSWORD {SQL} -c \\"{words}\\""')
    project.execute(f"exec -T redis sh -c '{REDIS} set kept stays'")
    project.execute(f"exec -T {contract.NAME} sh -c 'echo stays > /app/data/kept'")

    project.execute("down --timeout 30")
    project.execute(f"up --detach --wait --wait-timeout {WAIT_SECONDS} --no-build")

    rows = project.execute(
        f'exec -T postgres sh -c "PGPASSWORD=\\$POSTGRES_PASSWORD {SQL} -c \\"table kept\\""'
    )
    assert rows.strip() == "stays"
    assert project.execute(f"exec -T redis sh -c '{REDIS} get kept'").strip() == "stays"
    assert project.execute(f"exec -T {contract.NAME} cat /app/data/kept").strip() == "stays"
