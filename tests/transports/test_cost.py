"""What a call costs, counted in function calls: a figure no other load on the machine can move."""

import asyncio
import cProfile
import pstats
import threading

import aiohttp
import orjson
import pytest

from tests.transports.peers import call, initialize
from tests.transports.server import TOKEN, running

MOST_FUNCTION_CALLS = 250
"""A tools/call over WebSocket must not take more (the aim is 120)."""

CALLS = 400


class _Client(threading.Thread):
    """Makes the calls from a thread of its own, which the profiler of the server's thread does not see."""

    def __init__(self, url: str, in_flight: int) -> None:
        super().__init__()
        self._url = url
        self._in_flight = in_flight
        self.ready = threading.Event()
        self.go = threading.Event()
        self.done = threading.Event()
        self.answered = 0

    def run(self) -> None:
        asyncio.run(self._talk())

    async def _talk(self) -> None:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with (
            aiohttp.ClientSession(headers=headers) as http,
            http.ws_connect(self._url, protocols=("mcp",)) as socket,
        ):
            await socket.send_str(orjson.dumps(initialize()).decode())
            await socket.receive()
            self.ready.set()
            await asyncio.to_thread(self.go.wait)
            sent = 0
            while self.answered < CALLS:
                while sent < CALLS and sent - self.answered < self._in_flight:
                    await socket.send_str(orjson.dumps(call("echo", {"text": "x" * 64})).decode())
                    sent += 1
                reply = orjson.loads((await socket.receive()).data)
                assert reply["result"]["isError"] is False
                self.answered += 1
            self.done.set()


@pytest.mark.parametrize("in_flight", [1, 16])
async def test_a_call_over_websocket_takes_few_function_calls(in_flight: int) -> None:
    async with running() as server:
        client = _Client(server.websocket_url, in_flight)
        client.start()
        await asyncio.to_thread(client.ready.wait)
        profile = cProfile.Profile()
        finished = asyncio.create_task(asyncio.to_thread(client.done.wait))
        await asyncio.sleep(0)
        profile.enable()
        client.go.set()
        await finished
        profile.disable()
        await asyncio.to_thread(client.join)

    per_call = pstats.Stats(profile).total_calls / CALLS  # type: ignore[attr-defined]  # typeshed does not list it
    assert client.answered == CALLS
    assert per_call <= MOST_FUNCTION_CALLS
