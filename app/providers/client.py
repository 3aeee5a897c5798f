"""The one client of the vendors' common dialect: a request goes out, events come back as they arrive.

Always streamed, also for callers that want the whole: progress, cancellation, and no gateway between that
gives up on a silent connection. Closing the iterator closes the connection.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from typing import Any

import aiohttp
import orjson
import structlog
from msgspec import structs

from app.providers import dialect, event_stream, refusals, sentences
from app.providers.answer import Answer
from app.providers.connection import Connection, beginning
from app.providers.errors import Kind, ProviderError
from app.providers.event_stream import EventReader, TooLongEventError
from app.providers.events import Event
from app.providers.requests import Leave, Request

PATH = "chat/completions"
END = b"[DONE]"
TAIL_SECONDS = 5.0
"""After the vendor said how the answer ended, how long its usage may still take."""

HOSTILE = (ValueError, TypeError, AttributeError, KeyError, IndexError)
"""What reading JSON of an unexpected shape raises."""

log = structlog.get_logger(__name__)


class _ShorterError(Exception):
    """The answer may have `most` tokens only."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most


class ChatClient:
    """One vendor, called once: no retries, no limits. See `Provider`."""

    def __init__(self, connection: Connection) -> None:
        self.vendor = connection.vendor
        self._connection = connection
        self._address = connection.address(PATH)

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        """Call the model; see `Provider.stream`."""
        answer = Answer(request.model)
        vendor_id = None
        try:
            async with self._sent(request) as response:
                vendor_id = refusals.request_id(response.headers, self.vendor)
                if "text/event-stream" not in response.headers.get("content-type", ""):
                    raise await self._no_stream(response, request)
                reader = EventReader()
                # One iterator for both loops: a response can be read once only.
                pieces = aiter(event_stream.pieces(response))
                async for piece in pieces:
                    for data in reader.feed(piece):
                        for event in self._read(answer, data, request):
                            yield event
                    if answer.finish is not None:
                        break
                await self._tail(pieces, reader, answer, request)
            held, done = answer.end(vendor_id)
        except ProviderError as error:
            raise _completed(error, answer, vendor_id) from error.__cause__
        except TooLongEventError:
            sentence = sentences.too_large(self.vendor, event_stream.MOST_EVENT_BYTES)
            raise _completed(self._connection.error(Kind.CUT, sentence), answer, vendor_id) from None
        for event in held:
            yield event
        yield done

    @asynccontextmanager
    async def _sent(self, request: Request) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request once it may leave; if it may have a shorter answer only, it is made anew."""
        leave = request.leave
        unchanged = None if leave is None else partial(_unchanged, leave, request.max_output)
        body = dialect.body(request)
        try:
            async with self._connection.stream(self._address, body, request.model, unchanged) as response:
                yield response
        except _ShorterError as error:
            shorter = structs.replace(request, max_output=error.most, leave=None)
            async with self._sent(shorter) as response:
                yield response

    def _read(self, answer: Answer, data: bytes, request: Request) -> Sequence[Event]:
        if data == END:
            answer.finish = answer.finish or "stop"
            return ()
        if not data:
            return ()
        try:
            chunk: dict[str, Any] = orjson.loads(data)
            if "choices" not in chunk and refusals.is_error(chunk):
                raise self._connection.refusal(HTTPStatus.OK, {}, data, request.model)
            return answer.read(chunk)
        except HOSTILE as error:
            reason = f"a piece of it is not what it should be ({type(error).__name__})"
            raise self._connection.error(Kind.BROKEN, sentences.broken(self.vendor, reason)) from None

    async def _tail(
        self, pieces: AsyncIterator[bytes], reader: EventReader, answer: Answer, request: Request
    ) -> None:
        """Read to the end: usage comes last, and only a response that was read whole frees its connection.

        Once the vendor has said how the answer ended, nothing that goes wrong here takes it away.
        """
        try:
            async with asyncio.timeout(TAIL_SECONDS):
                async for piece in pieces:
                    for data in reader.feed(piece):
                        self._read(answer, data, request)
        except (TimeoutError, aiohttp.ClientError, ProviderError) as error:
            if answer.finish is None:
                raise
            log.warning("an answer ended badly after its end", vendor=self.vendor.id, reason=repr(error))

    async def _no_stream(self, response: aiohttp.ClientResponse, request: Request) -> ProviderError:
        """Say what a 200 is that is no stream: an error in disguise, or nothing of the vendor's."""
        content = await beginning(response)
        try:
            chunk = orjson.loads(content)
            if isinstance(chunk, dict) and refusals.is_error(chunk):
                return self._connection.refusal(HTTPStatus.OK, response.headers, content, request.model)
        except orjson.JSONDecodeError:
            pass
        kind = response.headers.get("content-type", "nothing").partition(";")[0]
        reason = f"{kind} in place of a stream"
        return self._connection.error(Kind.BROKEN, sentences.broken(self.vendor, reason))


async def _unchanged(leave: Leave, wanted: int) -> None:
    most = await leave()
    if most != wanted:
        raise _ShorterError(most)


def _completed(error: ProviderError, answer: Answer, request_id: str | None) -> ProviderError:
    """Add what is known of the answer that failed."""
    error.usage = error.usage or answer.usage
    error.begun = error.begun or answer.begun
    error.request_id = error.request_id or request_id
    return error
