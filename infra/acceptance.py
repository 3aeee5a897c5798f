"""The last word of every update: a real MCP client call over WebSocket, answered by the server that was made.

Messages follow the MCP specification of 2025-06-18 (lifecycle, tools), which every client still offers.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pulumi

from app import contract
from infra.lifecycle import account, healthy

CALL_SECONDS = 20
"""For the whole conversation; it takes some milliseconds."""
REVISION = "2025-06-18"
SUBPROTOCOL = "mcp"
TOOL = "status"
CLIENT = {"name": "exai-acceptance", "version": "1"}


class UnansweredError(Exception):
    """The conversation did not come to its end; the message says where it stopped."""


class Acceptance:
    """Decides whether an update succeeded.

    As a hook it is asked after the server was made or changed. A hook that failed leaves the container in the
    state, and the next update would find nothing to do: `once` therefore makes the call in every update in
    which no hook has, so that none succeeds without an answer of its own.
    """

    def __init__(self, port: int, token_file: Path, containers: Sequence[str], patience: int) -> None:
        self._port = port
        self._token_file = token_file
        self._containers = containers
        self._patience = patience
        self._answered = False

    async def call(self, name: str) -> None:
        """Hold the conversation with the server.

        Raises:
            pulumi.RunError: it was not answered; with the last lines of the container `name`.
        """
        began = time.monotonic()
        url = f"ws://127.0.0.1:{self._port}{contract.MCP_PATH}"
        try:
            tools = await converse(url, self._token_file.read_text(encoding="utf-8").strip())
        except UnansweredError as error:
            what = f"did not answer a client's call to {url} ({error})"
            raise pulumi.RunError(account(name, what)) from error
        self._answered = True
        elapsed = round((time.monotonic() - began) * 1000)
        pulumi.log.info(
            f"MCP call answered in {elapsed} ms: initialize, tools/list ({tools}), tools/call {TOOL}."
        )

    async def once(self, *, name: str) -> str:
        """Make sure that the call was answered in this update, every container of the stack being healthy."""
        if not pulumi.runtime.is_dry_run() and not self._answered:
            for container in self._containers:
                await healthy(container, self._patience)
            await self.call(name)
        return f"initialize, tools/list and tools/call {TOOL} answered"


async def converse(url: str, token: str) -> int:
    """Say what a client says first, and return how many tools the server has.

    Raises:
        UnansweredError: no connection, no answer within CALL_SECONDS, or an answer that is an error.
    """
    try:
        async with asyncio.timeout(CALL_SECONDS), _socket(url, token) as socket:
            opening = {"protocolVersion": REVISION, "capabilities": {}, "clientInfo": CLIENT}
            await _request(socket, 1, "initialize", opening)
            await socket.send_json({"jsonrpc": "2.0", "method": "notifications/initialized"})
            tools = (await _request(socket, 2, "tools/list", {})).get("tools", [])
            result = await _request(socket, 3, "tools/call", {"name": TOOL, "arguments": {}})
    except TimeoutError:
        raise UnansweredError(f"no answer within {CALL_SECONDS} s") from None
    except aiohttp.WSServerHandshakeError as error:
        raise UnansweredError(f"the server refused the connection with status {error.status}") from error
    except (aiohttp.ClientError, OSError, ValueError, TypeError) as error:
        raise UnansweredError(str(error) or type(error).__name__) from error
    if result.get("isError"):
        raise UnansweredError(f"the tool {TOOL} answered with an error: {result.get('content')}")
    return len(tools)


@contextlib.asynccontextmanager
async def _socket(url: str, token: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    # No proxy of the environment: the server is on this machine.
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        aiohttp.ClientSession(trust_env=False) as session,
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
