"""The bridge: stdin and stdout on this side, the server's WebSocket on the other, lines as they are.

Both eras of MCP pass through unchanged, with one exception: files that a call names by their paths are read
on this side and sent along. The bridge reads just enough of each message to keep account of what is asked
and not answered; see `Connections` for what it promises.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import orjson

from app.protocol import envelopes
from app.protocol.errors import InvalidRequest, ProtocolError
from app.transports.stdio_answers import LINE_MARGIN, cancelled_by, ids_of, too_large
from app.transports.stdio_connections import PATIENCE_SECONDS, Connections
from app.transports.stdio_errands import Errands, Travelling
from app.transports.stdio_files import LocalFiles, names_paths
from app.transports.stdio_link import Link, Server
from app.transports.stdio_pipes import LineReader, LineTooLong, LineWriter

FAREWELL_SECONDS = 1.0
"""Before it ends: how long requests are still answered with a refusal, and the last answers written."""


class Bridge:
    """Carries one client's messages to one server until the client closes its end."""

    def __init__(
        self,
        server: Server,
        source: int,
        sink: int,
        *,
        tell: Callable[[str], None],
        max_message_bytes: int,
        finish_seconds: float,
        patience_seconds: float = PATIENCE_SECONDS,
        files: LocalFiles | None = None,
    ) -> None:
        self._lines = LineReader(source, max_bytes=LINE_MARGIN * max_message_bytes)
        self._out = LineWriter(sink)
        self._connections = Connections(server, self._out, tell, patience_seconds)
        self._errands = Errands(
            files or LocalFiles(()),
            lambda message: Travelling(message, server.upload, max_message_bytes).place,
            self._pass_on,
            self._refuse,
        )
        self._tell = tell
        self._max_message_bytes = max_message_bytes
        self._finish_seconds = finish_seconds

    async def run(self) -> None:
        """Serve until stdin ends and what was asked is answered, for `finish_seconds` at most.

        Ends at once when nobody reads stdout any more.

        Raises:
            Refused: the server will not serve this bridge; what was asked has been answered so.
        """
        up = asyncio.create_task(self._up(), name="up")
        keep = asyncio.create_task(self._connections.keep(), name="keep")
        broken = asyncio.create_task(self._out.broken.wait())
        tasks = (up, keep, broken)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if keep.done():
                await asyncio.wait(
                    {up, broken}, timeout=FAREWELL_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
                await self._out.drained()
                await keep
            if up.done():
                await up
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._errands.close()
            await self._connections.close()
            # What was closed over has just been answered; a client that still reads gets it.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FAREWELL_SECONDS):
                    await self._out.drained()

    async def _up(self) -> None:
        while True:
            try:
                line = await self._lines.read()
            except LineTooLong:
                self._refuse(None, too_large(self._max_message_bytes))
                continue
            if line is None:
                break
            if line.strip():
                await self._take(line)
                await self._out.room()
        try:
            async with asyncio.timeout(self._finish_seconds):
                await self._errands.finished()
                await self._connections.finished()
        except TimeoutError:
            self._tell("stdin closed, and what still ran was left to the server")
        await self._out.drained()

    async def _take(self, line: bytes) -> None:
        """Take one line of the client to where it belongs."""
        try:
            message = envelopes.decode(line)
        except ProtocolError as error:
            # The server would count it against the connection, which others' calls share.
            self._refuse(None, error)
            return
        if type(message) is not dict and type(message) is not list:
            self._refuse(None, InvalidRequest("A message must be a JSON object."))
        elif len(line) > self._max_message_bytes:
            # The server would close the connection, under all other calls.
            fault = too_large(self._max_message_bytes)
            for request_id in ids_of(message):
                self._refuse(request_id, fault)
        elif type(message) is dict and message.get("method") == "notifications/cancelled":
            await self._cancel(message, line)
        elif type(message) is dict and "method" not in message and envelopes.id_of(message) is not None:
            await self._reply(message, line)
        elif type(message) is dict and names_paths(message):
            self._errands.run(message)
        else:
            await self._connections.submit(envelopes.id_of(message), line, message)

    async def _pass_on(self, request_id: envelopes.RequestId | None, message: dict[str, Any]) -> None:
        """Take a call on whose files have been put into it."""
        line = orjson.dumps(message)
        if len(line) > self._max_message_bytes:
            self._refuse(request_id, too_large(self._max_message_bytes))
        else:
            await self._connections.submit(request_id, line, message)

    async def _cancel(self, message: dict[str, Any], line: bytes) -> None:
        """Take a cancellation after its request; one that still waits is never sent."""
        cancelled = cancelled_by(message)
        if cancelled is None or self._errands.drop(cancelled) or self._connections.withdraw(cancelled):
            return
        link = self._connections.holding(cancelled)
        if link is not None:
            self._connections.forget(link, cancelled)
            await _pass_on(link, line)

    async def _reply(self, message: dict[str, Any], line: bytes) -> None:
        """Take the client's answer to whoever asked; a question lost with its connection has nobody."""
        request_id = envelopes.id_of(message)
        link = None if request_id is None else self._connections.asking(request_id)
        if request_id is not None and link is not None:
            del link.asked[request_id]
            await _pass_on(link, line)

    def _refuse(self, request_id: envelopes.RequestId | None, error: ProtocolError) -> None:
        self._out.finish(envelopes.failure(request_id, error))


async def _pass_on(link: Link, line: bytes) -> None:
    try:
        await link.send(line)
    except ConnectionError:
        return  # it meant something to that connection only
