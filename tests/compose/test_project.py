"""The running project answers MCP and keeps its data."""

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
CALL_TIMEOUT_SECONDS = 20
SQL = "psql -h 127.0.0.1 -U exai -d exai -qAt"
REDIS = "REDISCLI_AUTH=$REDIS_PASSWORD redis-cli"


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


@pytest.mark.parametrize("service", [contract.REDIS_SERVICE, contract.POSTGRES_SERVICE])
def test_a_store_survives_a_restart_of_its_container(project: Project, service: str) -> None:
    """A tmpfs comes back with another mode, which once kept PostgreSQL from its socket."""
    project.execute(f"restart --timeout 30 {service}")
    project.execute(f"up --detach --wait --wait-timeout {WAIT_SECONDS} --no-build")

    form = "{{.State.Health.Status}}"
    command = ["docker", "inspect", "--format", form, project.container(service)]
    assert (
        subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.strip()
        == "healthy"
    )


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
