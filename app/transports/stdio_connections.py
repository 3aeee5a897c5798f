"""Keeps the bridge connected, and what the client asked safe while it is not.

Every request is answered, and none is sent twice unless the server said that it did not run it. What was
sent when the connection broke is answered with `LOST`, what could not be sent in time with `UNREACHABLE`.
A server that drains is left at once; what still runs there is answered over the old connection.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import aiohttp

from app.protocol import envelopes
from app.protocol.envelopes import RequestId
from app.protocol.errors import DRAINING, ProtocolError
from app.transports.stdio_answers import ids_of, lasts, lost, method_of, unsent
from app.transports.stdio_backoff import Backoff
from app.transports.stdio_handshake import Handshake, is_own
from app.transports.stdio_link import Link, Server, Unreachable
from app.transports.stdio_pipes import LineWriter
from app.transports.stdio_waiting import Waiting

PATIENCE_SECONDS = 30.0
"""How long requests wait for a connection before they are answered without one; clients wait longer."""

MAX_SENDS = 3
"""How often a request that a draining server did not run is sent before its refusal is passed on."""


class Connections:
    """The connection in use, those being left, and the lines that wait for the next one."""

    def __init__(
        self, server: Server, out: LineWriter, tell: Callable[[str], None], patience_seconds: float
    ) -> None:
        self.current: Link | None = None
        self._waiting = Waiting()
        self._server = server
        self._out = out
        self._tell = tell
        self._patience_seconds = patience_seconds
        self._handshake = Handshake()
        self._readers: dict[Link, asyncio.Task[None]] = {}
        self._sends: dict[RequestId, int] = {}
        self._changed = asyncio.Event()
        self._woken = asyncio.Event()
        self._reason = f"{server.url} has not answered yet"
        self._told = ""
        self._impatient = False
        self._loop = asyncio.get_running_loop()
        self._patience = self._loop.call_later(patience_seconds, self._give_up)

    def holding(self, request_id: RequestId) -> Link | None:
        """Find the connection over which the client asked this."""
        return next((link for link in self._readers if request_id in link.requests), None)

    def asking(self, request_id: RequestId) -> Link | None:
        """Find the connection over which the server asked this."""
        return next((link for link in self._readers if request_id in link.asked), None)

    async def submit(self, request_id: RequestId | None, line: bytes, message: Any) -> None:
        """Send a message, or let it wait, or answer that it cannot be sent; waits while too much waits."""
        while self.current is None and self._waiting.full and not self._impatient:
            await self._change()
        if self.current is not None:
            await self._transmit(self.current, request_id, line, message)
        elif not self._impatient or method_of(message) == "notifications/initialized":
            self._waiting.add(request_id, line)
        else:
            self._answer_unsent(message)

    async def keep(self) -> None:
        """Connect, again and again; never returns.

        Raises:
            Refused: the server will not serve this bridge; what waits has been answered so.
        """
        backoff = Backoff()
        while True:
            began = self._loop.time()
            try:
                await self._connect()
            except Unreachable as error:
                self._reason = str(error)
                self._report(f"{self._reason}; trying again")
            except Exception as error:
                self._reason = str(error)
                self._give_up()
                raise
            await asyncio.sleep(backoff.after(self._loop.time() - began))

    async def finished(self) -> None:
        """Return once nothing is asked that will be answered."""
        while any(link.pending for link in self._readers) or (self._waiting and not self._impatient):
            await self._change()

    def withdraw(self, request_id: RequestId) -> bool:
        """Take a cancelled request back before it is sent; tells whether it was still here."""
        withdrawn = self._waiting.withdraw(request_id)
        if withdrawn:
            self._sends.pop(request_id, None)
            self._changed.set()
        return withdrawn

    def forget(self, link: Link, request_id: RequestId) -> None:
        """Expect no answer any more to what the client has cancelled."""
        link.answered(request_id)
        self._sends.pop(request_id, None)
        self._changed.set()

    async def close(self) -> None:
        """Close every connection; what was asked over them is not waited for."""
        for link, reader in list(self._readers.items()):
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reader
            await link.socket.close()
        self._patience.cancel()

    async def _connect(self) -> None:
        """Use one connection until it is left."""
        link = await self._server.open()
        try:
            changed = await self._handshake.replay(link)
        except BaseException:
            await link.socket.close()
            raise
        self._report(f"connected to {self._server.url}")
        self._readers[link] = asyncio.create_task(self._read(link), name="down")
        for name in changed:
            self._out.finish(envelopes.notification(f"notifications/{name}/list_changed"))
        while not link.left:
            if self._waiting:
                request_id, line = self._waiting.take()
                await self._transmit(link, request_id, line, envelopes.decode(line))
                continue
            self._patience.cancel()
            self._impatient = False
            self.current = link
            self._changed.set()
            self._woken.clear()
            await self._woken.wait()

    async def _transmit(self, link: Link, request_id: RequestId | None, line: bytes, message: Any) -> None:
        self._handshake.passed(message, line)
        for found in ids_of(message):
            # A batch is one line, and parts of it may have run: it is not sent again.
            link.sent(found, line if request_id is not None else None, lasting=lasts(message))
        # If it is gone, whoever reads from the link finds out, and answers.
        with contextlib.suppress(ConnectionError):
            await link.send(line)

    async def _read(self, link: Link) -> None:
        try:
            while (frame := await link.socket.receive()).type is aiohttp.WSMsgType.TEXT:
                self._down(link, frame.data)
                # A client that does not read its answers lets the server wait too.
                await self._out.room()
        finally:
            self._ended(link)
        await link.socket.close()

    def _down(self, link: Link, data: bytes) -> None:
        try:
            message = envelopes.decode(data)
        except ProtocolError:
            self._tell("the server sent a frame that is not JSON; it was left out")
            return
        for part in message if type(message) is list else [message]:
            request_id = envelopes.id_of(part)
            if request_id is None:
                continue
            if "method" in part:
                link.was_asked(request_id)
            elif is_own(request_id) or (request_id in link.requests and self._settle(link, request_id, part)):
                return
        self._out.finish(data)

    def _settle(self, link: Link, request_id: RequestId, answer: dict[str, Any]) -> bool:
        """Note an answer; true when it says that the request did not run and it will be sent again."""
        if self._handshake.is_initialize(request_id):
            self._handshake.answered(answer)
        line = link.answered(request_id)
        self._changed.set()
        error = answer.get("error")
        sends = self._sends.pop(request_id, 1)
        if type(error) is dict and error.get("code") == DRAINING:
            self._reason = "the server is shutting down"
            self._leave(link)
            if line is not None and sends < MAX_SENDS and not self._impatient:
                self._sends[request_id] = sends + 1
                self._waiting.add(request_id, line)
                self._woken.set()
                return True
        return False

    def _leave(self, link: Link) -> None:
        if link.left:
            return
        link.left = True
        self.current = None
        self._woken.set()
        self._patience.cancel()
        self._patience = self._loop.call_later(self._patience_seconds, self._give_up)

    def _ended(self, link: Link) -> None:
        """Answer what was asked over a connection that is gone, in either direction."""
        del self._readers[link]
        if not link.left:
            self._reason = f"the connection to {self._server.url} ended ({link.end()})"
            self._report(f"{self._reason}; trying again")
        self._leave(link)
        for request_id, line in link.requests.items():
            if line is not None and self._handshake.is_initialize(request_id):
                # It did nothing but open a session that is gone.
                self._waiting.add(request_id, line, first=True)
            else:
                self._sends.pop(request_id, None)
                self._out.finish(lost(request_id, link.end()))
        for asked in link.asked:
            self._out.finish(envelopes.notification("notifications/cancelled", {"requestId": asked}))
        self._changed.set()

    def _give_up(self) -> None:
        """Answer what waits, there being no connection for too long; the handshake is still completed."""
        self._impatient = True
        lines = [self._waiting.take()[1] for _ in range(len(self._waiting))]
        for message, line in zip(map(envelopes.decode, lines), lines, strict=True):
            if method_of(message) == "notifications/initialized":
                self._waiting.add(None, line)
            else:
                self._answer_unsent(message)
        self._changed.set()

    def _answer_unsent(self, message: Any) -> None:
        for request_id in ids_of(message):
            self._sends.pop(request_id, None)
            self._out.finish(unsent(request_id, self._reason))

    def _report(self, sentence: str) -> None:
        """Tell what changed, once."""
        if sentence != self._told:
            self._told = sentence
            self._tell(sentence)

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()
