"""One client interface over every transport, so that one contract can be asked of all of them."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

import aiohttp
import orjson

from app.protocol.session import Session
from tests.transports.server import TOKEN, Running

WAIT_SECONDS = 10
JSON = dict[str, Any]


class Peer(Protocol):
    """What the contract needs of a client."""

    seen: list[JSON]

    async def exchange(self, message: Any) -> Any:
        """Send a message that will be answered and return its answer; None if the answer never came."""

    async def tell(self, message: Any) -> None:
        """Send a message that will not be answered."""


class MemoryPeer:
    """Talks to the dispatcher itself: the contract without any transport."""

    def __init__(self, server: Running) -> None:
        self._dispatcher = server.dispatcher
        self._session = Session("tester")
        self.seen: list[JSON] = []

    async def exchange(self, message: Any) -> Any:
        channel = _Mailbox(self.seen)
        assert self._dispatcher.receive(self._session, channel, orjson.dumps(message))
        async with asyncio.timeout(WAIT_SECONDS):
            reply = await channel.reply
        return None if reply is None else orjson.loads(reply)

    async def tell(self, message: Any) -> None:
        assert not self._dispatcher.receive(self._session, _Mailbox(self.seen), orjson.dumps(message))


class _Mailbox:
    def __init__(self, seen: list[JSON]) -> None:
        self._seen = seen
        self.reply: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()

    async def send(self, message: bytes) -> None:
        self._seen.append(orjson.loads(message))

    def finish(self, reply: bytes | None, code: int = 0) -> None:
        del code
        self.reply.set_result(reply)


class WebSocketPeer:
    """One socket with a reader that hands each answer to whoever asked."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._asked: dict[Any, asyncio.Future[Any]] = {}
        self.seen: list[JSON] = []
        self._reader = asyncio.create_task(self._read())

    async def exchange(self, message: Any) -> Any:
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._asked[_key(message)] = answer
        await self._socket.send_str(orjson.dumps(message).decode())
        async with asyncio.timeout(WAIT_SECONDS):
            return await answer

    async def tell(self, message: Any) -> None:
        await self._socket.send_str(orjson.dumps(message).decode())
        cancelled = message.get("params", {}).get("requestId") if isinstance(message, dict) else None
        if isinstance(cancelled, str) and cancelled in self._asked:
            # The binding says no answer follows; a ping proves that the cancellation was read.
            await self.exchange({"jsonrpc": "2.0", "id": "after-cancel", "method": "ping"})
            self._asked.pop(cancelled).set_result(None)

    async def close(self) -> None:
        await self._socket.close()
        await self._reader

    async def _read(self) -> None:
        async for frame in self._socket:
            message = orjson.loads(frame.data)
            if isinstance(message, dict) and "method" in message:
                self.seen.append(message)
            else:
                replies = message if isinstance(message, list) else [message]
                known = [_key(reply) for reply in replies if _key(reply) in self._asked]
                # An answer with id null belongs to the one message still waiting.
                key = known[0] if known else next(iter(self._asked))
                self._asked.pop(key).set_result(message)


class HttpPeer:
    """A handshake-era Streamable HTTP client."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self._url = url
        self._headers: dict[str, str] = {}
        self.seen: list[JSON] = []
        self.statuses: list[int] = []

    async def exchange(self, message: Any) -> Any:
        async with self._post(message) as response:
            if response.content_type == "application/json":
                reply = orjson.loads(await response.read())
                self._adopt(response, reply)
                return reply
            answer = None
            for line in (await response.text()).splitlines():
                if line.startswith("data: "):
                    event = orjson.loads(line.removeprefix("data: "))
                    if isinstance(event, dict) and "method" in event:
                        self.seen.append(event)
                    else:
                        answer = event
            return answer

    async def tell(self, message: Any) -> None:
        async with self._post(message) as response:
            assert response.status == 202

    @asynccontextmanager
    async def _post(self, message: Any) -> AsyncIterator[aiohttp.ClientResponse]:
        headers = {
            "Accept": "application/json, text/event-stream",
            "Content-Type": "application/json",
            **self._headers,
        }
        timeout = aiohttp.ClientTimeout(WAIT_SECONDS)
        async with self._http.post(
            self._url, data=orjson.dumps(message), headers=headers, timeout=timeout
        ) as response:
            self.statuses.append(response.status)
            yield response

    def _adopt(self, response: aiohttp.ClientResponse, reply: Any) -> None:
        session_id = response.headers.get("Mcp-Session-Id")
        if session_id is not None:
            self._headers["Mcp-Session-Id"] = session_id
            self._headers["MCP-Protocol-Version"] = reply["result"]["protocolVersion"]


def _key(message: Any) -> Any:
    """Return what an answer to this will carry as id, as far as it can be told apart."""
    if isinstance(message, list):
        return _key(message[0]) if message else None
    found = message.get("id") if isinstance(message, dict) else None
    return found if type(found) in {int, str} else None


@asynccontextmanager
async def connected(transport: str, server: Running) -> AsyncIterator[Any]:
    """Open a peer over one transport, before any handshake."""
    if transport == "memory":
        yield MemoryPeer(server)
        return
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as http:
        if transport == "http":
            yield HttpPeer(http, server.url)
            return
        socket = await http.ws_connect(server.websocket_url, protocols=("mcp",))
        peer = WebSocketPeer(socket)
        try:
            yield peer
        finally:
            await peer.close()


_ids = itertools.count(1)


def request(method: str, params: Any = None, request_id: Any = None) -> JSON:
    """Build a request with an id nobody else uses."""
    message = {"jsonrpc": "2.0", "id": next(_ids) if request_id is None else request_id, "method": method}
    return message if params is None else message | {"params": params}


def initialize(revision: str = "2025-11-25") -> JSON:
    return request(
        "initialize",
        {
            "protocolVersion": revision,
            "capabilities": {},
            "clientInfo": {"name": "contract", "version": "1"},
        },
    )


async def handshake(peer: Peer, revision: str = "2025-11-25") -> JSON:
    """Open the session; returns the result of initialize."""
    reply = await peer.exchange(initialize(revision))
    await peer.tell({"jsonrpc": "2.0", "method": "notifications/initialized"})
    result: JSON = reply["result"]
    return result


def call(tool: str, arguments: Any = None, **more: Any) -> JSON:
    """Build a tools/call."""
    params = {"name": tool} if arguments is None else {"name": tool, "arguments": arguments}
    request_id = more.pop("request_id", None)
    return request("tools/call", params | more, request_id)
