"""A client that has shaken hands and stays connected."""

import asyncio
import contextlib
from collections.abc import Iterator

import aiohttp

from tests.browser.house import House

REVISION = "2025-11-25"


@contextlib.contextmanager
def connected(house: House, name: str, version: str) -> Iterator[None]:
    async def stay(begun: asyncio.Event, over: asyncio.Event) -> None:
        headers = {"Authorization": f"Bearer {house.token}"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.ws_connect(house.running.url, protocols=("mcp",)) as socket,
        ):
            client = {"name": name, "version": version}
            params = {"protocolVersion": REVISION, "capabilities": {}, "clientInfo": client}
            await socket.send_json({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params})
            await socket.receive_json()
            await socket.send_json({"jsonrpc": "2.0", "method": "notifications/initialized"})
            begun.set()
            await over.wait()

    begun, over = asyncio.Event(), asyncio.Event()
    staying = house.loop.start(stay(begun, over))
    house.loop.run(begun.wait())
    yield
    house.loop.run(_set(over))
    staying.result(30)


async def _set(event: asyncio.Event) -> None:
    event.set()
