"""Real server processes behind a round-robin balancer, a real Redis, and the SDK's own client."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import ElicitResult

from tests.app.test_main import HANDSHAKE
from tests.replicas.balancer import Balancer, balancing
from tests.replicas.processes import TOKEN, Process, process
from tests.transports.server import eventually

AUTH = {"Authorization": f"Bearer {TOKEN}"}


class Heard:
    """What the server told the client by itself."""

    def __init__(self) -> None:
        self.changes = 0

    async def handle(self, message: Any) -> None:
        if "ToolListChanged" in type(message).__name__:
            self.changes += 1


async def _name(_context: Any, _params: Any) -> ElicitResult:
    return ElicitResult(action="accept", content={"name": "Ada"})


@contextlib.asynccontextmanager
async def client_of(url: str, heard: Heard | None = None) -> AsyncIterator[Client]:
    timeout = httpx2.Timeout(60)
    async with (
        httpx2.AsyncClient(headers=AUTH, timeout=timeout) as http,
        Client(
            streamable_http_client(url, http_client=http),
            mode="legacy",
            read_timeout_seconds=60,
            message_handler=(heard or Heard()).handle,
            elicitation_callback=_name,
        ) as client,
    ):
        yield client


async def say(client: Client, tool: str, arguments: Any = None, **more: Any) -> str:
    result = await client.call_tool(tool, arguments or {}, **more)
    return str(result.content[0].text)  # type: ignore[union-attr]  # a text block, as every tool here answers


@pytest.fixture
async def two(tmp_path: Path, redis_url: str) -> AsyncIterator[tuple[Process, Process]]:
    async with process(tmp_path / "a", redis_url) as a, process(tmp_path / "b", redis_url) as b:
        yield a, b


@pytest.fixture
async def balancer(two: tuple[Process, Process]) -> AsyncIterator[Balancer]:
    async with balancing(*(replica.url for replica in two)) as up:
        yield up


async def test_the_sdks_client_is_served_by_both_replicas_in_one_session(balancer: Balancer) -> None:
    async with client_of(balancer.url) as client:
        served_by = {await say(client, "who") for _ in range(8)}
        seen: list[float] = []

        async def progress(value: float, _total: float | None, _message: str | None) -> None:
            seen.append(value)

        counted = [await say(client, "count", {"steps": 3}, progress_callback=progress) for _ in range(4)]

    assert len(served_by) == 2
    assert counted == ["counted 3"] * 4
    assert seen == [1, 2, 3] * 4
    assert set(balancer.statuses) <= {200, 202, 204}


async def test_the_answer_to_a_question_finds_the_replica_that_asked(balancer: Balancer) -> None:
    async with client_of(balancer.url) as client:
        assert await asyncio.gather(*(say(client, "ask") for _ in range(6))) == ["Ada"] * 6


async def test_giving_up_finds_the_replica_that_runs_the_call(balancer: Balancer, tmp_path: Path) -> None:
    async with client_of(balancer.url) as client:
        for turn in range(3):
            marks = tmp_path / f"marks-{turn}"
            marks.mkdir()
            calling = asyncio.create_task(client.call_tool("hold", {"marks": str(marks)}))
            await eventually(marks.joinpath("begun").exists)
            calling.cancel()
            await asyncio.gather(calling, return_exceptions=True)
            await eventually(marks.joinpath("stopped-True").exists)


async def test_a_change_is_heard_from_whichever_replica_it_happened_at(balancer: Balancer) -> None:
    heard = Heard()
    async with client_of(balancer.url, heard) as client:
        # The client opens its stream beside the calls; until then there is nobody to tell.
        async with asyncio.timeout(20):
            while not heard.changes:
                await say(client, "announce")
        before = heard.changes
        for _ in range(4):
            await say(client, "announce")
        await eventually(lambda: heard.changes >= before + 4)


async def test_no_call_is_lost_and_no_session_ends_while_a_replica_is_replaced(
    two: tuple[Process, Process], balancer: Balancer, tmp_path: Path, redis_url: str
) -> None:
    old, _ = two
    answers: list[str] = []
    over = asyncio.Event()
    heard = Heard()

    async def work(client: Client) -> None:
        while not over.is_set():
            answers.append(await say(client, "count", {"steps": 10}))

    async with client_of(balancer.url, heard) as client, client_of(balancer.url) as second:
        working = [asyncio.create_task(work(one)) for one in (client, client, second, second)]
        await eventually(lambda: len(answers) >= 8)
        async with process(tmp_path / "c", redis_url) as new:
            balancer.backends.append(new.url)
            code = await old.stopped()
            balancer.backends.remove(old.url)
            done = len(answers)
            await eventually(lambda: len(answers) >= done + 12)
            over.set()
            await asyncio.gather(*working)
            served_by = {await say(client, "who") for _ in range(6)}
            async with asyncio.timeout(20):
                heard.changes = 0
                while not heard.changes:
                    await say(client, "announce")

    assert code == 0
    assert set(answers) == {"counted 10"}
    assert len(served_by) == 2
    assert set(balancer.statuses) <= {200, 202, 204}


async def test_a_websocket_client_is_told_to_reconnect_and_finds_the_other_replica(
    two: tuple[Process, Process], balancer: Balancer
) -> None:
    async with aiohttp.ClientSession(headers=AUTH) as http:
        balancer.backends = [two[0].url]
        async with http.ws_connect(balancer.url, protocols=("mcp",)) as socket:
            await socket.send_json({"jsonrpc": "2.0", "id": 1, "method": "ping"})
            assert (await socket.receive_json())["id"] == 1
            balancer.backends.append(two[1].url)
            assert await two[0].stopped() == 0
            closed = await socket.receive()
            assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, aiohttp.WSCloseCode.GOING_AWAY)
        async with http.ws_connect(balancer.url, protocols=("mcp",)) as socket:
            await socket.send_json({"jsonrpc": "2.0", "id": 2, "method": "ping"})
            assert (await socket.receive_json())["id"] == 2


async def test_a_call_of_a_killed_replica_is_answered_by_the_other(
    two: tuple[Process, Process],
) -> None:
    killed, left = two
    headers = AUTH | {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-11-25"}
    async with aiohttp.ClientSession(headers=headers) as http:
        async with http.post(killed.url, json=HANDSHAKE) as opened:
            headers = {"Mcp-Session-Id": opened.headers["Mcp-Session-Id"]}
        call = {"name": "count", "arguments": {"steps": 100_000}, "_meta": {"progressToken": 1}}
        message = {"jsonrpc": "2.0", "id": "mine", "method": "tools/call", "params": call}
        async with http.post(killed.url, json=message, headers=headers) as calling:
            last = await _event_id(calling)
        async with (
            asyncio.timeout(60),
            http.get(left.url, headers=headers | {"Last-Event-ID": last}) as resumed,
        ):
            await _event_id(resumed)  # what it began is kept by now
            await killed.killed()
            told = (await resumed.read()).decode()

    answer = json.loads(told.rpartition("data: ")[2])
    assert (answer["id"], answer["error"]["code"]) == ("mine", -31003)


async def _event_id(stream: aiohttp.ClientResponse) -> str:
    while not (line := await stream.content.readline()).startswith(b"id: "):
        assert line, "the stream has ended"
    return line[4:].strip().decode()


async def test_a_task_of_one_replica_is_seen_and_cancelled_at_the_other(two: tuple[Process, Process]) -> None:
    async with aiohttp.ClientSession(headers=AUTH) as http:
        made = await _stateless(http, two[0].url, "tools/call", "task", {"name": "task", "arguments": {}})
        task_id = made["taskId"]

        async def status() -> str:
            seen = await _stateless(http, two[1].url, "tasks/get", task_id, {"taskId": task_id})
            return str(seen["status"])

        assert await status() == "working"
        await _stateless(http, two[1].url, "tasks/cancel", task_id, {"taskId": task_id})
        async with asyncio.timeout(20):
            while await status() != "cancelled":  # asked over sockets: each look is the wait
                pass


async def _stateless(
    http: aiohttp.ClientSession, url: str, method: str, name: str, params: dict[str, Any]
) -> dict[str, Any]:
    """Make one request of revision 2026-07-28 with the Tasks extension declared."""
    extensions = {"extensions": {"io.modelcontextprotocol/tasks": {}}}
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": extensions,
    }
    headers = {
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": method,
        "Mcp-Name": name,
    }
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params | {"_meta": meta}}
    async with http.post(url, json=message, headers=headers) as answer:
        body = await answer.json()
    assert "result" in body, body
    result: dict[str, Any] = body["result"]
    return result
