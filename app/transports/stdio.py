"""MCP over stdin and stdout, embedded: the same dispatcher as on the port, for whoever started the process.

One JSON-RPC message a line. The peer is the parent process, so there is no token: its principal is
`local`. Nobody is cut off for reading slowly, because the only reader is the one that started us; it
is not read from either while it reads nothing.
Source: MCP specification, basic/transports "stdio".
"""

import asyncio
import contextlib
from typing import Any

from app.protocol import envelopes
from app.protocol.dispatcher import Dispatcher
from app.protocol.errors import ProtocolError
from app.protocol.session import Session
from app.transports.draining import finish_calls
from app.transports.stdio_answers import LINE_MARGIN, cancelled_by, too_large
from app.transports.stdio_errands import Errands, into_the_call
from app.transports.stdio_files import LocalFiles, names_paths
from app.transports.stdio_pipes import LineReader, LineTooLong, LineWriter

PRINCIPAL = "local"
"""Who owns what is done over stdin: whoever may start the process."""

LEAVE_SECONDS = 2.0
"""When told to stop, how long the last answers may take to leave."""


class StdioTransport:
    """Serves one dispatcher to one peer until it closes its end."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        source: int,
        sink: int,
        *,
        max_message_bytes: int,
        finish_seconds: float,
        files: LocalFiles | None = None,
    ) -> None:
        self._dispatcher = dispatcher
        self._lines = LineReader(source, max_bytes=LINE_MARGIN * max_message_bytes)
        self._out = LineWriter(sink)
        self._max_message_bytes = max_message_bytes
        self._finish_seconds = finish_seconds
        self._session = Session(PRINCIPAL)
        self._errands = Errands(
            files or LocalFiles(()), lambda _: into_the_call, self._dispatch, self._refuse
        )

    async def serve(self) -> None:
        """Answer lines until stdin ends, then finish what runs, for `finish_seconds` at most.

        Ends at once when nobody reads stdout any more: there is nobody left to be answered. Cancelled,
        it stops what runs, answered, before it ends.
        """
        self._dispatcher.changes.attach(self._session, self._out)
        work = asyncio.create_task(self._serve(), name="stdio")
        broken = asyncio.create_task(self._out.broken.wait())
        try:
            await asyncio.wait({work, broken}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                await work
        finally:
            work.cancel()
            broken.cancel()
            await asyncio.gather(work, broken, return_exceptions=True)
            await self._errands.close()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LEAVE_SECONDS):
                    await self._finish(0.0)
            self._dispatcher.changes.detach(self._session)
            self._session.abandon()

    async def _serve(self) -> None:
        while (line := await self._next()) is not None:
            if line.strip():
                self._receive(line)
                # A client that does not read its answers is not read from either.
                await self._out.room()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._finish_seconds):
                await self._errands.finished()
        # This dispatcher has no other peer: streams that would last for ever end here.
        self._dispatcher.drain()
        await self._finish(self._finish_seconds)

    async def _next(self) -> bytes | None:
        while True:
            try:
                return await self._lines.read()
            except LineTooLong:
                self._refuse_size(None)

    def _receive(self, line: bytes) -> None:
        if len(line) > self._max_message_bytes:
            self._refuse_size(_id(line))
        elif b'"path"' in line and (message := _call_with_paths(line)) is not None:
            self._errands.run(message)
        elif not (len(self._errands) and self._dropped(line)):
            self._dispatcher.receive(self._session, self._out, line)

    def _dropped(self, line: bytes) -> bool:
        """Give up a call that is cancelled while it waits for its files; tells whether a line says so."""
        try:
            cancelled = cancelled_by(envelopes.decode(line))
        except ProtocolError:
            return False
        return cancelled is not None and self._errands.drop(cancelled)

    async def _dispatch(self, _: envelopes.RequestId | None, message: dict[str, Any]) -> None:
        """Take a call on whose files have been put into it."""
        self._dispatcher.dispatch(self._session, self._out, message)

    def _refuse_size(self, request_id: envelopes.RequestId | None) -> None:
        self._refuse(request_id, too_large(self._max_message_bytes))

    def _refuse(self, request_id: envelopes.RequestId | None, error: ProtocolError) -> None:
        self._out.finish(envelopes.failure(request_id, error))

    async def _finish(self, seconds: float) -> None:
        await finish_calls(self._session, asyncio.get_running_loop().time() + seconds)
        await self._out.drained()


def _call_with_paths(line: bytes) -> dict[str, Any] | None:
    """Return a call whose files are named by their paths; None of anything else."""
    try:
        message = envelopes.decode(line)
    except ProtocolError:
        return None
    return message if names_paths(message) else None


def _id(line: bytes) -> envelopes.RequestId | None:
    try:
        return envelopes.id_of(envelopes.decode(line))
    except ProtocolError:
        return None
