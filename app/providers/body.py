"""What a request carries; it holds the request back until it may leave, and knows how far it got.

aiohttp takes a connection, then has the payload write itself, and sends the head with the first piece of it
(https://docs.aiohttp.org/en/stable/client_reference.html#payload). So whoever waits here waits with
everything done but the sending.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import MultipartWriter, Payload
from aiohttp.abc import AbstractStreamWriter

from app.providers import http_client

PIECE_BYTES = 32 * 1024
"""Half of what a connection takes without waiting, so that the first piece never waits."""

Leave = Callable[[], Awaitable[None]]
"""Returns when a request may leave; raises what forbids it."""


class Body(Payload):
    """The body of one request, sent once; the connection of a request that may not leave is closed.

    `left` tells that a byte may be on its way, `whole` that all of them may be, and `forbidden` what `leave`
    raised.
    """

    def __init__(self, content: bytes, content_type: str, leave: Leave | None = None) -> None:
        super().__init__(content, content_type=content_type)
        self.left = self.whole = False
        self.forbidden: Exception | None = None
        self._content = content
        self._leave = leave

    @property
    def autoclose(self) -> bool:
        """Tell aiohttp that nothing is to be closed."""
        return True

    @property
    def size(self) -> int:
        """Return how many bytes there are."""
        return len(self._content)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return it as text."""
        return self._content.decode(encoding, errors)

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Return it as it is."""
        del encoding, errors
        return self._content

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Wait for leave, then send piece by piece, each that may wait within WRITE_SECONDS."""
        if self._leave is not None:
            try:
                await self._leave()
            except Exception as error:
                self.forbidden = error
                raise
        self.left = True
        await writer.write(self._content[:PIECE_BYTES])
        rest = memoryview(self._content)[PIECE_BYTES:]
        for start in range(0, len(rest), PIECE_BYTES):
            await self._send(writer, rest[start : start + PIECE_BYTES])
        self.whole = True

    async def _send(self, writer: AbstractStreamWriter, piece: memoryview) -> None:
        try:
            async with asyncio.timeout(http_client.WRITE_SECONDS):
                await writer.write(piece)
                await writer.drain()
        except TimeoutError:
            if writer.transport is not None:
                writer.transport.abort()  # closing would wait for who takes no more
            raise ConnectionAbortedError("the receiver takes no more") from None


async def form(fields: Mapping[str, str], file: Body, name: str) -> Body:
    """Return a form with one file of this name in its field `file` (RFC 7578)."""
    parts = MultipartWriter("form-data")
    for field, value in fields.items():
        parts.append(value).set_content_disposition("form-data", name=field)
    parts.append_payload(file).set_content_disposition("form-data", name="file", filename=name)
    return Body(await parts.as_bytes(), parts.content_type)
