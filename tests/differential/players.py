"""Play an exchange against a server over one transport, and say what came back."""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.differential import observation, theirs
from tests.differential.exchange import CURSOR, INITIALIZED, Exchange, Step, call, encoded, initialize

WAIT_SECONDS = 20.0
QUIET_SECONDS = 0.3
"""How long a stream must stay silent after a call that follows, before it counts as silent."""

CLIENT = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}


async def over_http(url: str, http: aiohttp.ClientSession, exchange: Exchange) -> list[str]:
    """Each step is a request of its own, answered before the next one unless it is held."""
    player = _HttpPlayer(url, http)
    if exchange.revision is not None:
        await player.send(Step(encoded(initialize(exchange.revision, "handshake"))))
        await player.send(Step(encoded(INITIALIZED)))
    held: list[tuple[int, asyncio.Task[str]]] = []
    seen: list[str] = []
    for step in exchange.steps:
        if step.held:
            started = asyncio.Event()
            held.append((len(seen), asyncio.create_task(player.send(step, started))))
            async with asyncio.timeout(WAIT_SECONDS):
                await started.wait()
            seen.append("")
        else:
            seen.append(await player.send(step))
    for place, task in held:
        async with asyncio.timeout(WAIT_SECONDS):
            seen[place] = await task
    return seen


class _HttpPlayer:
    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self._url = url
        self._http = http
        self._headers: dict[str, str] = dict(CLIENT)
        self._cursor = ""

    async def send(self, step: Step, started: asyncio.Event | None = None) -> str:
        body = step.body.replace(CURSOR, self._cursor) if isinstance(step.body, str) else step.body
        changed = {**self._headers, **step.headers}
        headers = {name: value for name, value in changed.items() if value is not None}
        skip = [name for name in CLIENT if name not in headers]
        timeout = aiohttp.ClientTimeout(WAIT_SECONDS)
        async with self._http.request(
            step.method, self._url, data=body if isinstance(body, bytes) else body.encode(), headers=headers,
            skip_auto_headers=skip, timeout=timeout,
        ) as answer:  # fmt: skip
            messages = []
            async for message in _messages(answer):
                messages.append(message)
                if started is not None:
                    started.set()
            self._adopt(answer, messages)
            return observation.response(answer.status, messages)

    def _adopt(self, answer: aiohttp.ClientResponse, messages: list[Any]) -> None:
        session = answer.headers.get("Mcp-Session-Id")
        result = messages[-1].get("result", {}) if messages and isinstance(messages[-1], dict) else {}
        if session is not None and "protocolVersion" in result:
            self._headers |= {"Mcp-Session-Id": session, "MCP-Protocol-Version": result["protocolVersion"]}
        self._cursor = result.get("nextCursor", self._cursor) if isinstance(result, dict) else self._cursor


async def _messages(answer: aiohttp.ClientResponse) -> AsyncIterator[Any]:
    if answer.content_type == "text/event-stream":
        async for line in answer.content:
            if line.startswith(b"data:") and line[5:].strip():
                yield json.loads(line[5:])
        return
    body = await answer.read()
    if body.strip():
        try:
            yield json.loads(body)
        except ValueError:
            yield "prose"


class Stream(ABC):
    """A connection that carries one message a frame or line, both ways."""

    def __init__(self) -> None:
        self.arrived: asyncio.Queue[Any] = asyncio.Queue()

    @abstractmethod
    async def send(self, text: str) -> None:
        """Send one frame."""

    async def play(self, exchange: Exchange) -> list[str]:
        """Send all steps, then calls whose answers show that everything before them was read."""
        if exchange.revision is not None:
            await self.send(encoded(initialize(exchange.revision, "handshake")))
            await self._until("handshake")
            await self.send(encoded(INITIALIZED))
        seen: list[Any] = []
        cursor = ""
        for number, step in enumerate(exchange.steps):
            assert isinstance(step.body, str)
            await self.send(step.body.replace(CURSOR, cursor))
            if step.held:
                seen.append(await self._next())
                continue
            if number + 1 < len(exchange.steps):
                seen += await self._settle()
                cursor = next(
                    (m["result"]["nextCursor"] for m in seen if "nextCursor" in m.get("result", {})), ""
                )
        seen += await self._settle()
        notified = [observation.line(message) for message in seen if "method" in message]
        replies = sorted(observation.line(message) for message in seen if "method" not in message)
        return [*notified, *replies] or [observation.NOTHING]

    async def _settle(self) -> list[Any]:
        """Return what arrives until a call sent now is answered and the stream is quiet."""
        await self.send(encoded(call("echo", {"text": "barrier"}, "barrier")))
        seen = await self._until("barrier")
        while True:
            try:
                async with asyncio.timeout(QUIET_SECONDS):
                    seen.append(await self.arrived.get())
            except TimeoutError:
                return [message for message in seen if message is not CLOSED]

    async def _until(self, request_id: str) -> list[Any]:
        seen: list[Any] = []
        while True:
            message = await self._next()
            if message is CLOSED:
                return [*seen, {"method": "closed"}]
            if isinstance(message, dict) and message.get("id") == request_id:
                return seen
            seen.append(message)

    async def _next(self) -> Any:
        async with asyncio.timeout(WAIT_SECONDS):
            return await self.arrived.get()


CLOSED: Any = object()


class _WebSocket(Stream):
    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        super().__init__()
        self._socket = socket

    async def send(self, text: str) -> None:
        if not self._socket.closed:
            await self._socket.send_str(text)

    async def read(self) -> None:
        async for frame in self._socket:
            self.arrived.put_nowait(json.loads(frame.data))
        self.arrived.put_nowait(CLOSED)


@asynccontextmanager
async def our_websocket(url: str, http: aiohttp.ClientSession) -> AsyncIterator[Stream]:
    async with http.ws_connect(url.replace("http", "ws", 1), protocols=("mcp",)) as socket:
        stream = _WebSocket(socket)
        reading = asyncio.create_task(stream.read())
        try:
            yield stream
        finally:
            await socket.close()
            await reading


class _Lines(Stream):
    def __init__(self, lines: Any) -> None:
        super().__init__()
        self._lines = lines

    async def send(self, text: str) -> None:
        await self._lines.write(f"{text}\n")

    async def read(self, lines: Any) -> None:
        async for line in lines:
            self.arrived.put_nowait(json.loads(line))


@asynccontextmanager
async def their_lines() -> AsyncIterator[Stream]:
    async with theirs.over_lines() as (to_server, from_server):
        stream = _Lines(to_server)
        reading = asyncio.create_task(stream.read(from_server))
        try:
            yield stream
        finally:
            from_server.queue.put_nowait(None)
            await reading
