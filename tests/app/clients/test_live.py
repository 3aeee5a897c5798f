"""Clients come, change and go while the real process runs."""

import asyncio
import signal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from app.clients import editing
from tests.app.conftest import Server, Start
from tests.app.test_main import CALL, HANDSHAKE, KNOWN

TAKEN_OVER = "clients taken over"
WRONG = "server.toml is wrong, and the clients stay as they were"
ACCEPT = {"Accept": "application/json, text/event-stream"}
DEADLINE_SECONDS = 30


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def post(url: str, headers: dict[str, str], message: dict[str, Any]) -> tuple[int, dict[str, Any], str]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}/mcp", json=message, headers=ACCEPT | headers) as response,
    ):
        answer = await response.json() if response.content_type == "application/json" else {}
        return response.status, answer, response.headers.get("Mcp-Session-Id", "")


async def following(server: Server, event: str) -> dict[str, Any]:
    return await asyncio.to_thread(server.wait_for, event)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    folder.mkdir()
    return folder


async def test_a_client_added_to_a_running_server_may_call_within_seconds(start: Start, config: Path) -> None:
    server = start()
    url = server.url()
    token = editing.add(config, "ci")
    line = await following(server, TAKEN_OVER)  # the file is looked at without being asked

    assert line["added"] == ["ci"]
    assert (await post(url, bearer(token), HANDSHAKE))[0] == 200


async def test_a_revoked_client_s_sockets_are_closed_and_its_sessions_die(start: Start, config: Path) -> None:
    token = editing.add(config, "ci")
    server = start()
    url = server.url()
    status, _, session_id = await post(url, bearer(token), HANDSHAKE)
    assert (status, bool(session_id)) == (200, True)
    async with (
        asyncio.timeout(DEADLINE_SECONDS),
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{url}/mcp", protocols=("mcp",), headers=bearer(token)) as revoked,
        session.ws_connect(f"{url}/mcp", protocols=("mcp",), headers=KNOWN) as other,
    ):
        for socket in (revoked, other):
            await socket.send_json(HANDSHAKE)
            await socket.receive_json()
        editing.revoke(config, "ci")
        server.signal(signal.SIGHUP)
        closed = await revoked.receive()
        assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, 1008)
        assert "removed" in str(closed.extra)

        await other.send_json(CALL)
        assert "result" in await other.receive_json()
    listing = {"jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {}}
    assert (await post(url, bearer(token) | {"Mcp-Session-Id": session_id}, listing))[0] == 401


async def test_a_rotated_client_keeps_its_sessions_and_its_old_token_is_refused(
    start: Start, config: Path
) -> None:
    token = editing.add(config, "ci")
    server = start()
    url = server.url()
    _, _, session_id = await post(url, bearer(token), HANDSHAKE)
    fresh = editing.rotate(config, "ci")
    server.signal(signal.SIGHUP)
    assert (await following(server, TAKEN_OVER))["rotated"] == ["ci"]

    listing = {"jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {}}
    assert (await post(url, bearer(token) | {"Mcp-Session-Id": session_id}, listing))[0] == 401
    assert (await post(url, bearer(fresh) | {"Mcp-Session-Id": session_id}, listing))[0] == 200


async def test_rules_of_a_client_change_live_for_its_open_sessions(start: Start, config: Path) -> None:
    server = start()
    url = server.url()
    async with (
        asyncio.timeout(DEADLINE_SECONDS),
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{url}/mcp", protocols=("mcp",), headers=KNOWN) as socket,
    ):
        await socket.send_json(HANDSHAKE)
        await socket.receive_json()
        (config / "server.toml").write_text('[clients.default]\ntools = ["listmodels"]\n')
        server.signal(signal.SIGHUP)
        await following(server, TAKEN_OVER)

        await socket.send_json({"jsonrpc": "2.0", "id": 5, "method": "tools/list"})
        assert [tool["name"] for tool in (await socket.receive_json())["result"]["tools"]] == ["listmodels"]
        await socket.send_json(CALL)
        assert (await socket.receive_json())["result"]["isError"] is True


async def test_a_wrong_file_keeps_the_clients_and_says_so_once(start: Start, config: Path) -> None:
    token = editing.add(config, "ci")
    server = start()
    url = server.url()
    with (config / "server.toml").open("a") as file:
        file.write("[clients.broken]\nrats = 3\n")
    line = await following(server, WRONG)

    assert any("clients.broken.rats" in fault for fault in line["faults"])
    assert (await post(url, bearer(token), HANDSHAKE))[0] == 200


def test_a_wrong_file_at_start_ends_with_78_and_every_fault(start: Start, config: Path) -> None:
    (config / "server.toml").write_text("[limits]\nconections = 1\n[clients.ci]\nrate = 0\n")
    code, said = start(WS_PORT="http").ended()

    assert code == 78
    for name in ("WS_PORT", "limits.conections", "clients.ci.rate", "clients.ci.token_sha256"):
        assert name in said


async def test_changed_limits_are_said_to_wait_for_a_restart(start: Start, config: Path) -> None:
    server = start()
    server.url()
    (config / "server.toml").write_text("[limits]\nconnections = 3\n")
    server.signal(signal.SIGHUP)

    await following(server, "[limits] of server.toml changed: they are read at start, restart to apply them")
