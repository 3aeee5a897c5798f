"""A real MCP client's first words over WebSocket, and one call.

Messages follow the MCP specification of 2025-06-18 (lifecycle, tools), which every client still offers.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from infra.access import Access, NobodyServesError, UnansweredError

CALL_SECONDS = 20
"""For the whole conversation; it takes some milliseconds."""
REVISION = "2025-06-18"
SUBPROTOCOL = "mcp"
CLIENT = {"name": "exai-acceptance", "version": "1"}


async def converse(access: Access, tool: str) -> int:
    """Say what a client says first, call a tool, and return how many tools the server has.

    Raises:
        NobodyServesError: no server is ready.
        UnansweredError: no connection, no answer within CALL_SECONDS, or an answer that is an error.
    """
    try:
        async with asyncio.timeout(CALL_SECONDS), _socket(access) as socket:
            opening = {"protocolVersion": REVISION, "capabilities": {}, "clientInfo": CLIENT}
            await _request(socket, 1, "initialize", opening)
            await socket.send_json({"jsonrpc": "2.0", "method": "notifications/initialized"})
            tools = (await _request(socket, 2, "tools/list", {})).get("tools", [])
            result = await _request(socket, 3, "tools/call", {"name": tool, "arguments": {}})
    except TimeoutError:
        raise UnansweredError(f"no answer within {CALL_SECONDS} s") from None
    except aiohttp.WSServerHandshakeError as error:
        kind = NobodyServesError if error.status == HTTPStatus.SERVICE_UNAVAILABLE else UnansweredError
        raise kind(f"the server refused the connection with status {error.status}") from error
    except (aiohttp.ClientError, OSError, ValueError, TypeError) as error:
        raise UnansweredError(str(error) or type(error).__name__) from error
    if result.get("isError"):
        raise UnansweredError(f"the tool {tool} answered with an error: {result.get('content')}")
    return len(tools)


class _Here(AbstractResolver):
    """Resolves every name to one address: the stack's own, whatever DNS says."""

    def __init__(self, address: str) -> None:
        self._address = address

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        """Answer with the address."""
        found = await asyncio.get_running_loop().getaddrinfo(self._address, port, family=family)
        return [
            ResolveResult(hostname=host, host=str(where[0]), port=port, family=kind, proto=0, flags=0)
            for kind, _, _, _, where in found[:1]
        ]

    async def close(self) -> None:
        """Hold nothing."""


def _trusting(chain: str) -> ssl.SSLContext:
    """Trust the first certificate of the chain alone, which proves that it and no former one is served."""
    end = "-----END CERTIFICATE-----"
    context = ssl.create_default_context(cadata=f"{chain.partition(end)[0]}{end}\n")
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    # What a certificate must say about its issuer does not matter where no issuer is asked.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


@contextlib.asynccontextmanager
async def _socket(access: Access) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    parts = urlsplit(access.url)
    scheme = "wss" if access.certificate else "ws"
    url = f"{scheme}://{parts.hostname}:{access.port}{parts.path}"
    headers = {"Authorization": f"Bearer {access.token}", "Host": parts.netloc}
    context = _trusting(access.certificate) if access.certificate else True
    connector = aiohttp.TCPConnector(resolver=_Here(access.address), ssl=context)
    async with (
        # No proxy of the environment: the way to the stack is known.
        aiohttp.ClientSession(trust_env=False, connector=connector) as session,
        session.ws_connect(url, headers=headers, protocols=(SUBPROTOCOL,)) as socket,
    ):
        yield socket


async def _request(
    socket: aiohttp.ClientWebSocketResponse, number: int, method: str, params: dict[str, Any]
) -> dict[str, Any]:
    """Send one request and return its result; what the server says unasked meanwhile is passed over."""
    await socket.send_json({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
    while True:
        message = await socket.receive_json()
        if message.get("id") != number:
            continue
        if "error" in message:
            raise UnansweredError(f"{method} was answered with the error {message['error']}")
        result: dict[str, Any] = message["result"]
        return result
