"""The whole server in this process: the guard is wired, and a drain loses nothing."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from app.bootstrap import adapters
from app.exits import Exit
from app.listener import listen
from app.serving import serve
from app.settings import Settings
from app.stores.sqlite import FILE_NAME, SqliteStore
from tests.app.test_main import CALL, HANDSHAKE, KNOWN, TOKEN

DEADLINE_SECONDS = 30


class SlowStore(SqliteStore):
    """A store whose ping waits for the test, so that `status` is a call in flight for as long as it likes."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.asked = asyncio.Event()
        self.gate = asyncio.Event()

    async def ping(self) -> None:
        self.asked.set()
        await self.gate.wait()


@pytest.fixture
async def server(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[tuple[str, "asyncio.Task[Exit]"]]:
    environ = {"AUTH_TOKEN": TOKEN, "PUBLIC_URL": "https://exai.example.com", **getattr(request, "param", {})}
    settings = Settings.from_env(environ, tmp_path)
    listener = listen("127.0.0.1", 0)
    task = asyncio.create_task(serve(settings, listener))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with asyncio.timeout(DEADLINE_SECONDS), aiohttp.ClientSession() as session:
        async with session.get(f"{url}/livez") as response:
            assert response.status == 200
        yield url, task
        if not task.done():
            os.kill(os.getpid(), signal.SIGTERM)
        assert await task is Exit.DRAINED


async def test_a_call_in_flight_is_answered_before_its_socket_closes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    store = SlowStore(tmp_path / FILE_NAME)
    monkeypatch.setattr(adapters, "store", lambda *_: store)
    listener = listen("127.0.0.1", 0)
    task = asyncio.create_task(serve(Settings.from_env({"AUTH_TOKEN": TOKEN}, tmp_path), listener))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with asyncio.timeout(DEADLINE_SECONDS), aiohttp.ClientSession(headers=KNOWN) as session:
        async with session.ws_connect(f"{url}/mcp", protocols=("mcp",)) as busy:
            await busy.send_json(HANDSHAKE)
            await busy.receive_json()
            async with session.ws_connect(f"{url}/mcp", protocols=("mcp",)) as idle:
                await busy.send_json(CALL)
                await store.asked.wait()
                os.kill(os.getpid(), signal.SIGTERM)
                assert (await idle.receive()).data == 1001  # idle: closed at once

                async with session.get(
                    f"{url}/mcp", headers={"Connection": "Upgrade", "Upgrade": "websocket"}
                ) as late:
                    assert late.status == 503  # new: refused
                store.gate.set()
                reply = await busy.receive_json()  # in flight: answered
                assert reply["result"]["structuredContent"]["calls_in_flight"] == 1
                assert (await busy.receive()).data == 1001
        assert await task is Exit.DRAINED


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({**KNOWN, "Host": "evil.example"}, 421),
        ({**KNOWN, "Origin": "https://evil.example"}, 403),
        ({**KNOWN, "Host": "exai.example.com", "Origin": "https://exai.example.com"}, 200),
    ],
)
async def test_the_settings_reach_the_guard(
    server: tuple[str, "asyncio.Task[Exit]"], headers: dict[str, str], status: int
) -> None:
    url, _ = server
    accept = {"Accept": "application/json, text/event-stream"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}/mcp", json=HANDSHAKE, headers={**accept, **headers}) as response,
    ):
        assert response.status == status


@pytest.mark.parametrize("server", [{"MAX_MESSAGE_BYTES": "2KiB"}], indirect=True)
async def test_the_message_limit_reaches_both_transports(server: tuple[str, "asyncio.Task[Exit]"]) -> None:
    url, _ = server
    big = {**CALL, "params": {"name": "status", "arguments": {"x": "y" * 3000}}}
    async with aiohttp.ClientSession(headers=KNOWN) as session:
        accept = {"Accept": "application/json, text/event-stream"}
        async with session.post(f"{url}/mcp", json=big, headers=accept) as response:
            assert response.status == 413
        async with session.ws_connect(f"{url}/mcp", protocols=("mcp",)) as socket:
            await socket.send_json(big)
            assert (await socket.receive()).data == 1009


async def test_without_the_token_a_probe_tells_nothing_more(server: tuple[str, "asyncio.Task[Exit]"]) -> None:
    url, _ = server
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{url}/health", headers=KNOWN) as response:
            assert "version" in await response.json()
        async with session.get(f"{url}/health", headers={"Authorization": "Bearer wrong"}) as response:
            assert set(await response.json()) == {"status"}
