"""What a client says, said to a running server over the transport the client will use.

Messages follow the MCP specification of 2025-06-18 (lifecycle, tools, Streamable HTTP), which every client
still offers.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

import aiohttp
import orjson
from yarl import URL

from app.transports.stdio_link import LinkError, Refused, Unreachable, proxy_for, server_at, verdict
from app.version import VERSION

ANSWER_SECONDS = 20.0
"""For the whole conversation; it takes some milliseconds."""
MAX_ANSWER_BYTES = 4 * 1024**2
REVISION = "2025-06-18"
TOOL = "status"
CLIENT = {"name": "exai-connect", "version": VERSION}


class Exchange(Protocol):
    """One way of carrying requests to a server."""

    async def request(self, number: int, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Send a request and return the message that answers it."""

    async def notify(self, method: str) -> None:
        """Send a notification."""


class Conversation:
    """A session with a server that has begun."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._number = 0

    async def tools(self) -> list[dict[str, Any]]:
        """Return the tools as the server lists them."""
        listed: list[dict[str, Any]] = (await self._result("tools/list", {}))["tools"]
        return listed

    async def call(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Call a tool; returns its result, also one that is an error.

        Raises:
            Refused: the server did not let the tool run; one sentence.
        """
        message = await self._request("tools/call", {"name": tool, "arguments": arguments})
        if "error" in message:
            raise Refused(f"{tool} did not run: {message['error']['message']}")
        result: dict[str, Any] = message["result"]
        return result

    async def begin(self) -> None:
        """Shake hands."""
        opening = {"protocolVersion": REVISION, "capabilities": {}, "clientInfo": CLIENT}
        await self._result("initialize", opening)
        await self._exchange.notify("notifications/initialized")

    async def _result(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        message = await self._request(method, params)
        if "error" in message:
            raise ValueError(f"{method}: {message['error'].get('message')}")
        result: dict[str, Any] = message["result"]
        return result

    async def _request(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        return await self._exchange.request(self._number, method, params)


@asynccontextmanager
async def conversation(
    url: URL, token: str | None, seconds: float = ANSWER_SECONDS
) -> AsyncIterator[Conversation]:
    """Begin a conversation of at most so many seconds.

    A ws or wss URL is spoken to over WebSocket, an http or https one over Streamable HTTP.

    Raises:
        LinkError: there is no server, or not one that answers; one sentence.
    """
    try:
        async with asyncio.timeout(seconds), _exchange(url, token) as exchange:
            begun = Conversation(exchange)
            await begun.begin()
            yield begun
    except TimeoutError as error:
        raise Unreachable(f"{url} did not answer within {seconds:g} s") from error
    except (aiohttp.ClientError, OSError) as error:
        raise Unreachable(f"{url} cannot be reached ({error})") from error
    except (ValueError, TypeError, LookupError) as error:
        raise Refused(f"{url} does not answer as an MCP server does ({error}): correct --url.") from error


async def converse(url: URL, token: str | None) -> list[str]:
    """Ask for the tools and call one; return the names of the tools.

    Raises:
        LinkError: as `conversation` says, or the call was answered with an error.
    """
    async with conversation(url, token, ANSWER_SECONDS) as begun:
        names = [str(tool["name"]) for tool in await begun.tools()]
        answer = await begun.call(TOOL, {})
    if answer.get("isError"):
        raise Refused(f"{url} answered the tool {TOOL} with an error: look at the server's log.")
    return names


@asynccontextmanager
async def _exchange(url: URL, token: str | None) -> AsyncIterator[Exchange]:
    if url.scheme in ("ws", "wss"):
        async with server_at(url, lambda: token) as server:
            link = await server.open()
            try:
                yield _WebSocket(link.socket)
            finally:
                await link.socket.close()
    else:
        headers = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": REVISION}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        timeout = aiohttp.ClientTimeout(total=None)  # the conversation's own bounds it
        async with aiohttp.ClientSession(
            headers=headers, cookie_jar=aiohttp.DummyCookieJar(), timeout=timeout
        ) as http:
            yield _Http(url, http)


class _WebSocket:
    def __init__(self, socket: "aiohttp.ClientWebSocketResponse[bool]") -> None:
        self._socket = socket

    async def request(self, number: int, method: str, params: dict[str, Any]) -> dict[str, Any]:
        await self._send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        while True:
            frame = await self._socket.receive()
            if frame.type is not aiohttp.WSMsgType.TEXT:
                raise ValueError(f"the connection ended, close code {self._socket.close_code}")
            message: dict[str, Any] = orjson.loads(frame.data)
            if message.get("id") == number:
                return message

    async def notify(self, method: str) -> None:
        await self._send({"jsonrpc": "2.0", "method": method})

    async def _send(self, message: dict[str, Any]) -> None:
        await self._socket.send_frame(orjson.dumps(message), aiohttp.WSMsgType.TEXT)


class _Http:
    def __init__(self, url: URL, http: aiohttp.ClientSession) -> None:
        self._url = url
        self._http = http
        self._session: dict[str, str] = {}

    async def request(self, number: int, method: str, params: dict[str, Any]) -> dict[str, Any]:
        body = await self._post({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        for line in body.splitlines():
            # An event stream carries the same JSON behind `data:`.
            text = line.removeprefix(b"data:").strip()
            if text.startswith(b"{"):
                message: dict[str, Any] = orjson.loads(text)
                if message.get("id") == number:
                    return message
        raise ValueError(f"no answer to {method}")

    async def notify(self, method: str) -> None:
        await self._post({"jsonrpc": "2.0", "method": method})

    async def _post(self, message: dict[str, Any]) -> bytes:
        async with self._http.post(
            self._url, json=message, headers=self._session, proxy=proxy_for(self._url), allow_redirects=False
        ) as response:
            if response.status not in (200, 202):
                raise verdict(self._url, response.status)
            session = response.headers.get("Mcp-Session-Id")
            if session:
                self._session = {"Mcp-Session-Id": session}
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    raise ValueError(f"an answer of more than {MAX_ANSWER_BYTES} bytes")
            return bytes(body)


__all__ = ["Conversation", "LinkError", "conversation", "converse"]
