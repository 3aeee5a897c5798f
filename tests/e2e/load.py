"""Clients of every kind that call without a pause while something is done to the stack.

The tool they call, `wait`, is put into the copy of the checkout only (`with_waiting_tool`). It writes down
each call that it begins, so that a call which ran twice is found. What each kind loses is counted.
"""

import asyncio
import itertools
import secrets
import shutil
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

HANDSHAKE = "2025-11-25"
STATELESS = "2026-07-28"
CLIENT = {"name": "e2e", "version": "1"}
META = {
    "io.modelcontextprotocol/protocolVersion": STATELESS,
    "io.modelcontextprotocol/clientInfo": CLIENT,
    "io.modelcontextprotocol/clientCapabilities": {},
}
GOING_AWAY = 1001
"""The close code of a server that has answered everything and leaves (RFC 6455 section 7.4.1)."""
OPEN_SECONDS = 60
"""For every client to have had its first answer, beside what the longest call takes."""
TOOL = Path(__file__).with_name("waiting.py")


def with_waiting_tool(root: Path, tool: Path = TOOL) -> None:
    """Give the server of a copy the tool."""
    shutil.copy2(tool, root / "app" / "tools")
    assembly = root / "app" / "tools" / "assembly.py"
    before = assembly.read_text()
    place, imported = "        status_tool(parts.describe),\n", "from app.tools.status import"
    assert before.count(place) == 1
    after = before.replace(place, f"{place}        waiting_tool,\n")
    after = after.replace(imported, f"from app.tools.waiting import waiting_tool\n{imported}", 1)
    assembly.write_text(after)


@dataclass
class Tally:
    """What became of the calls. `lost` says of each what happened instead of an answer."""

    answered: int = 0
    lost: list[str] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    """When a call was refused with 503: it ran nowhere, and was made again."""
    goodbyes: int = 0
    latest: float = 0.0

    def __str__(self) -> str:
        kinds = Counter(self.lost)
        return (
            f"{self.answered} answered, {len(self.lost)} lost {dict(kinds)}, {len(self.refused)} refused, "
            f"{self.goodbyes} goodbyes, slowest beyond its time {self.latest:.2f} s"
        )


@dataclass(frozen=True)
class Mix:
    """How many clients of each kind, and how long their calls take, in turns.

    Sessions and sockets may have calls of their own (`held_seconds`) and `pause` seconds between two of them.
    """

    stateless: int = 20
    sessions: int = 20
    sockets: int = 20
    seconds: Sequence[float] = (0.3, 1.0, 3.0)
    held_seconds: Sequence[float] | None = None
    pause: float = 0.0


FULL = Mix(
    stateless=50,
    sessions=50,
    sockets=200,
    seconds=(1, 3, 10, 30, 60, 110),
    held_seconds=(0.3, 1.0),
    pause=10.0,
)
"""Fifty calls stream, up to what a leaving server waits for (DRAIN_TIMEOUT, 120 s); 250 clients are there."""


class Load:
    """Keeps calling until it is stopped."""

    def __init__(self, url: str, token: Callable[[], str], mix: Mix) -> None:
        self._url = url
        self._token = token
        self._mix = mix
        self._tls = ssl.create_default_context()
        self._tls.check_hostname = False
        # Rotated meanwhile; that the right one is served is the business of the acceptance.
        self._tls.verify_mode = ssl.CERT_NONE
        self._numbers = itertools.count(1)
        self._run = secrets.token_hex(3)
        self._stopping = asyncio.Event()
        self._waited_for = self._mix.stateless + self._mix.sessions + self._mix.sockets
        self._started: set[str] = set()
        self._under_way = asyncio.Event()
        self.tallies = {"stateless": Tally(), "sessions": Tally(), "sockets": Tally()}

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Load"]:
        """Call while the block runs; every call that was begun is waited for at the end."""
        connector = aiohttp.TCPConnector(limit=0, ssl=self._tls)
        async with (
            aiohttp.ClientSession(connector=connector, trust_env=False) as http,
            asyncio.TaskGroup() as group,
        ):
            for name, many, client in (
                ("stateless", self._mix.stateless, self._stateless),
                ("sessions", self._mix.sessions, self._session),
                ("sockets", self._mix.sockets, self._socket),
            ):
                for number in range(many):
                    group.create_task(client(http, f"{name}-{number}", self.tallies[name]))
            async with asyncio.timeout(OPEN_SECONDS + max(self._mix.seconds)):
                await self._under_way.wait()
            try:
                yield self
            finally:
                self._stopping.set()

    def report(self) -> str:
        """Return the tallies, one a line."""
        return "\n".join(f"{name}: {tally}" for name, tally in self.tallies.items())

    @property
    def lost(self) -> list[str]:
        return [f"{name}: {what}" for name, tally in self.tallies.items() for what in tally.lost]

    @property
    def refused(self) -> int:
        return sum(len(tally.refused) for tally in self.tallies.values())

    def refused_for(self, since: float = 0.0) -> float:
        """Seconds from the first to the last refusal, of those after a moment (`time.monotonic`)."""
        refused = (moment for tally in self.tallies.values() for moment in tally.refused)
        moments = [moment for moment in refused if moment >= since]
        return max(moments) - min(moments) if moments else 0.0

    def _next(self, who: str, *, held: bool) -> tuple[str, float]:
        number = next(self._numbers)
        seconds = (held and self._mix.held_seconds) or self._mix.seconds
        return f"{self._run}-{who}-{number}", seconds[number % len(seconds)]

    def _headers(self, version: str, **more: str) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self._token()}",
            "Accept": "application/json, text/event-stream",
            "Content-Type": "application/json",
            "Host": "localhost",
            "MCP-Protocol-Version": version,
            **more,
        }

    async def _calls(
        self, who: str, tally: Tally, call: Callable[[str, float], Any], *, held: bool = True
    ) -> None:
        """Make one call after another; a refused one is made again."""
        while not self._stopping.is_set():
            mark, seconds = self._next(who, held=held)
            began = time.monotonic()
            try:
                while not await call(mark, seconds):
                    tally.refused.append(time.monotonic())
                    await asyncio.sleep(0.1)
                tally.answered += 1
                tally.latest = max(tally.latest, time.monotonic() - began - seconds)
            except (aiohttp.ClientError, OSError, ValueError, TimeoutError) as error:
                tally.lost.append(f"{type(error).__name__}: {error}"[:160])
            self._started.add(who)
            if len(self._started) == self._waited_for:
                self._under_way.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._mix.pause if held else 0):
                    await self._stopping.wait()

    async def _post(
        self, http: aiohttp.ClientSession, message: dict[str, Any], headers: dict[str, str]
    ) -> bool:
        """Send a call and read its answer, as JSON or at the end of a stream; False: it was refused."""
        mark = message["params"]["arguments"]["mark"]
        async with http.post(self._url, json=message, headers=headers) as response:
            said = await response.text()
            if response.status == 503:
                return False
            if response.status != 200 or f'"text":"{mark}"' not in said.replace(" ", ""):
                raise ValueError(f"status {response.status}: {said[-120:]}")
        return True

    async def _stateless(self, http: aiohttp.ClientSession, who: str, tally: Tally) -> None:
        async def call(mark: str, seconds: float) -> bool:
            message = _call(1, mark, seconds)
            message["params"]["_meta"] = META
            more = {"Mcp-Method": "tools/call", "Mcp-Name": "wait"}
            return await self._post(http, message, self._headers(STATELESS, **more))

        await self._calls(who, tally, call, held=False)

    async def _session(self, http: aiohttp.ClientSession, who: str, tally: Tally) -> None:
        numbers = itertools.count(1)
        headers = self._headers(HANDSHAKE)
        async with http.post(self._url, json=_initialize(), headers=headers) as response:
            assert response.status == 200, await response.text()
            headers["Mcp-Session-Id"] = response.headers["Mcp-Session-Id"]
        initialized = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        async with http.post(self._url, json=initialized, headers=headers) as response:
            assert response.status == 202, await response.text()

        async def call(mark: str, seconds: float) -> bool:
            return await self._post(http, _call(next(numbers), mark, seconds), headers)

        await self._calls(who, tally, call)

    async def _socket(self, http: aiohttp.ClientSession, who: str, tally: Tally) -> None:
        numbers = itertools.count(1)
        socket: _Socket | None = None

        async def call(mark: str, seconds: float) -> bool:
            nonlocal socket
            if socket is None or socket.left:
                try:
                    socket = await _Socket.open(http, self._url, self._token())
                except aiohttp.WSServerHandshakeError as error:
                    if error.status != 503:
                        raise
                    return False
            number = next(numbers)
            reply = await socket.ask(_call(number, mark, seconds))
            if reply is None:
                # It answered all that it had taken, and this it did not take: asked again, elsewhere.
                tally.goodbyes += 1
                return await call(mark, seconds)
            if "error" in reply:
                # Refused before it ran: the server is leaving.
                return False
            assert reply["result"]["content"][0]["text"] == mark
            return True

        await self._calls(who, tally, call)
        if socket is not None:
            await socket.close()


class _Socket:
    """A WebSocket client that reads all the time, as clients do."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._waiting: dict[int, asyncio.Future[dict[str, Any] | None]] = {}
        self._reading = asyncio.create_task(self._read())
        self._code: int | None = None
        self.left = False

    @classmethod
    async def open(cls, http: aiohttp.ClientSession, url: str, token: str) -> "_Socket":
        headers = {"Authorization": f"Bearer {token}", "Host": "localhost"}
        # Not closed by aiohttp, which forgets the server's code when its own answer comes too late.
        made = cls(
            await http.ws_connect(
                f"wss{url.removeprefix('https')}", headers=headers, protocols=("mcp",), autoclose=False
            )
        )
        await made.ask(_initialize())
        await made._socket.send_json({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return made

    async def ask(self, message: dict[str, Any]) -> dict[str, Any] | None:
        """Return the reply; None if the server left without having taken the call."""
        reply = asyncio.get_running_loop().create_future()
        self._waiting[message["id"]] = reply
        with suppress(aiohttp.ClientConnectionResetError):  # then the reader says how it ended
            await self._socket.send_json(message)
        if self.left:
            self._end(self._code)
        answer: dict[str, Any] | None = await reply
        return answer

    async def close(self) -> None:
        await self._socket.close()
        await self._reading

    async def _read(self) -> None:
        code: int | None = None
        while (message := await self._socket.receive()).type is aiohttp.WSMsgType.TEXT:
            reply = message.json()
            if (waiting := self._waiting.pop(reply.get("id"), None)) is not None:
                waiting.set_result(reply)
        if message.type is aiohttp.WSMsgType.CLOSE:
            code = message.data
        self._end(code)
        await self._socket.close()

    def _end(self, code: int | None) -> None:
        self.left, self._code = True, code
        for waiting in self._waiting.values():
            if waiting.done():  # whoever asked was cancelled, as by a test that failed
                continue
            if code == GOING_AWAY:
                waiting.set_result(None)
            else:
                waiting.set_exception(ValueError(f"closed with {code}"))
        self._waiting.clear()


def _initialize() -> dict[str, Any]:
    params = {"protocolVersion": HANDSHAKE, "capabilities": {}, "clientInfo": CLIENT}
    return {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}


def _call(number: int, mark: str, seconds: float) -> dict[str, Any]:
    arguments = {"mark": mark, "seconds": seconds}
    return {
        "jsonrpc": "2.0",
        "id": number,
        "method": "tools/call",
        "params": {"name": "wait", "arguments": arguments},
    }
