"""MCP over stdin and stdout, embedded: the same dispatcher as on the port, for whoever started the process.

One JSON-RPC message a line. The peer is the parent process, so there is no token: its principal is
`local`. Nobody is cut off for reading slowly, because the only reader is the one that started us; it
is not read from either while it reads nothing.
Source: MCP specification, basic/transports "stdio".
"""

import asyncio
import contextlib

from app.protocol import envelopes
from app.protocol.dispatcher import Dispatcher
from app.protocol.errors import ProtocolError
from app.protocol.session import Session
from app.transports.draining import finish_calls
from app.transports.stdio_answers import LINE_MARGIN, too_large
from app.transports.stdio_pipes import LineReader, LineTooLong, LineWriter

PRINCIPAL = "local"
"""Who owns what is done over stdin: whoever may start the process."""

LEAVE_SECONDS = 2.0
"""When told to stop, how long the last answers may take to leave."""


class StdioTransport:
    """Serves one dispatcher to one peer until it closes its end."""

    def __init__(
        self, dispatcher: Dispatcher, source: int, sink: int, *, max_message_bytes: int, finish_seconds: float
    ) -> None:
        self._dispatcher = dispatcher
        self._lines = LineReader(source, max_bytes=LINE_MARGIN * max_message_bytes)
        self._out = LineWriter(sink)
        self._max_message_bytes = max_message_bytes
        self._finish_seconds = finish_seconds
        self._session = Session(PRINCIPAL)

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
        if len(line) <= self._max_message_bytes:
            self._dispatcher.receive(self._session, self._out, line)
        else:
            self._refuse_size(_id(line))

    def _refuse_size(self, request_id: envelopes.RequestId | None) -> None:
        self._out.finish(envelopes.failure(request_id, too_large(self._max_message_bytes)))

    async def _finish(self, seconds: float) -> None:
        await finish_calls(self._session, asyncio.get_running_loop().time() + seconds)
        await self._out.drained()


def _id(line: bytes) -> envelopes.RequestId | None:
    try:
        return envelopes.id_of(envelopes.decode(line))
    except ProtocolError:
        return None
