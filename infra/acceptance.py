"""The last word of every update: a real MCP client call over WebSocket, answered by the server that was made.

Messages follow the MCP specification of 2025-06-18 (lifecycle, tools), which every client still offers.
"""

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pulumi
from aiohttp.abc import AbstractResolver, ResolveResult

from app import contract
from infra.engine import LOOPBACK, address
from infra.logins import retire
from infra.pruning import prune
from infra.secret import Credentials
from infra.settings import Settings
from infra.site import Site
from infra.workload import Engine, Running

CALL_SECONDS = 20
"""For the whole conversation; it takes some milliseconds."""
REVISION = "2025-06-18"
SUBPROTOCOL = "mcp"
TOOL = "status"
CLIENT = {"name": "exai-acceptance", "version": "1"}
ANSWERED = f"initialize, tools/list and tools/call {TOOL} answered"


class UnansweredError(Exception):
    """The conversation did not come to its end; the message says where it stopped."""


@dataclass(frozen=True)
class Access:
    """How a client reaches the stack: the URL it is told, and where that is in fact.

    The two differ because DNS may not know the name from here. `certificate` is the chain that must be served
    there, None without TLS.
    """

    url: str
    address: str
    port: int
    token: str
    certificate: str | None = None

    @property
    def websocket_url(self) -> str:
        """The URL for WebSocket."""
        return f"ws{self.url.removeprefix('http')}"


class Acceptance:
    """Decides whether an update succeeded.

    The call is made in every update, also in one that changed nothing: a server that does not answer is then
    found by whoever runs `up` again. What it does not pass, the engine undoes as far as it can.
    """

    def __init__(
        self, access: Access, engine: Engine, afterwards: Sequence[Callable[[], Awaitable[None]]] = ()
    ) -> None:
        self._access = access
        self._engine = engine
        self._afterwards = afterwards

    async def ask(self) -> str:
        """Hold the conversation, once everything of the stack is healthy; a preview asks nobody.

        Raises:
            pulumi.RunError: something is not healthy, or the call was not answered.
        """
        if pulumi.runtime.is_dry_run():
            return ANSWERED
        await self._engine.settled()
        began = time.monotonic()
        try:
            tools = await converse(self._access)
        except UnansweredError as error:
            what = f"did not answer a client's call to {self._access.websocket_url} ({error})"
            said = await asyncio.to_thread(self._engine.account, contract.NAME, what)
            await self._engine.undo()
            raise pulumi.RunError(said) from error
        elapsed = round((time.monotonic() - began) * 1000)
        pulumi.log.info(
            f"MCP call answered in {elapsed} ms: initialize, tools/list ({tools}), tools/call {TOOL}."
        )
        if self._engine.changed():
            for step in self._afterwards:
                await step()
        return ANSWERED


def accepted(
    site: Site,
    settings: Settings,
    engine: Engine,
    credentials: Credentials,
    parts: Sequence[Running],
) -> pulumi.Output[str]:
    """Return what becomes known once a call was answered in this very run: no update succeeds without.

    The call waits for the `parts`, whatever else is made.
    """
    production = settings.is_production
    access = Access(
        url=settings.url,
        address=address() if production else LOOPBACK,
        port=settings.published_port,
        token=credentials.text("auth_token"),
        certificate=credentials.text("tls_certificate") if production else None,
    )
    afterwards = (partial(prune, site, settings.image), partial(retire, site, settings, credentials))
    acceptance = Acceptance(access, engine, afterwards)
    return pulumi.Output.all(*(part.id for part in parts)).apply(lambda _: acceptance.ask())


async def converse(access: Access) -> int:
    """Say what a client says first, and return how many tools the server has.

    Raises:
        UnansweredError: no connection, no answer within CALL_SECONDS, or an answer that is an error.
    """
    try:
        async with asyncio.timeout(CALL_SECONDS), _socket(access) as socket:
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
