"""A server as a user starts it, beside the fake vendors, driven from tests that know no event loop."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from app.stores.sqlite import FILE_NAME, SqliteStore
from demo.tour.client import Client
from demo.tour.server import Running, server, vendors

SECONDS = 60.0
T = TypeVar("T")


class Loop:
    """An event loop in a thread of its own; everything opened in it is closed with it."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._stack = AsyncExitStack()
        self._thread = threading.Thread(target=self._loop.run_forever, name="house")
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.start(work).result(SECONDS)

    def start(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def enter(self, context: AbstractAsyncContextManager[T]) -> T:
        return self.run(self._stack.enter_async_context(context))

    def close(self) -> None:
        self.run(self._stack.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def database_in(folder: Path) -> Path:
    """Where a server that keeps everything in a folder has its database."""
    return folder / "data" / FILE_NAME


class House:
    """One server with everything it keeps in a folder."""

    def __init__(self, loop: Loop, folder: Path, vendors_at: str, **variables: str) -> None:
        folder.mkdir(exist_ok=True)
        self.loop = loop
        self.database = database_in(folder)
        self._leaving = contextlib.AsyncExitStack()
        self.running: Running = loop.run(
            self._leaving.enter_async_context(server(vendors_at, folder, 0, **variables))
        )
        self._client: Client | None = None

    @property
    def page(self) -> str:
        return self.running.url.removesuffix("/mcp") + "/status"

    @property
    def token(self) -> str:
        return self.running.token

    def call(self, tool: str, /, **arguments: Any) -> dict[str, Any]:
        """Call a tool over WebSocket and wait for its answer."""
        if self._client is None:
            self._client = self.loop.run(self._connect())
        return self.loop.run(self._client.call(tool, **arguments))

    def start(self, prompt: str, tool: str = "chat", **arguments: Any) -> str:
        """Start a job and return its id."""
        given = {"prompt": prompt, **arguments}
        result = self.call("jobs", action="start", tool=tool, arguments=given)
        return str(result["_meta"]["exai/job"])

    def write(self, work: Any) -> Any:
        """Have a coroutine function work on the database beside the server."""

        async def write() -> Any:
            store = SqliteStore(self.database)
            await store.open()
            try:
                return await work(store)
            finally:
                await store.close()

        return self.loop.run(write())

    def leave(self) -> None:
        """Stop the server, as an update does."""
        self.loop.run(self._leaving.aclose())

    async def _connect(self) -> Client:
        headers = {"Authorization": f"Bearer {self.token}"}
        session = await self._leaving.enter_async_context(aiohttp.ClientSession(headers=headers))
        socket = await self._leaving.enter_async_context(
            session.ws_connect(self.running.url, protocols=("mcp",))
        )
        return Client(socket, lambda _: None)


__all__ = ["House", "Loop", "database_in", "vendors"]
