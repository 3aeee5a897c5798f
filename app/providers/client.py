"""The one client of the vendors' common dialect: a request goes out, events come back as they arrive.

Always streamed, also for callers that want the whole: progress, cancellation, and no gateway between that
gives up on a silent connection. Closing the iterator closes the connection.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import orjson
import structlog
from httpx_sse import EventSource, ServerSentEvent

from app.providers import dialect, refusals, sentences
from app.providers.answer import Answer
from app.providers.connection import Connection, beginning
from app.providers.errors import Kind, ProviderError
from app.providers.events import Event
from app.providers.requests import Request

PATH = "chat/completions"
END = "[DONE]"
TAIL_SECONDS = 5.0
"""After the vendor said how the answer ended, how long its usage may still take."""

HOSTILE = (ValueError, TypeError, AttributeError, KeyError, IndexError)
"""What reading JSON of an unexpected shape raises."""

log = structlog.get_logger(__name__)

Stream = AsyncGenerator[ServerSentEvent, None]


class ChatClient:
    """One vendor, called once: no retries, no limits. See `Provider`."""

    def __init__(self, connection: Connection) -> None:
        self.vendor = connection.vendor
        self._connection = connection

    async def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        """Call the model; see `Provider.stream`."""
        answer = Answer(request.model)
        vendor_id = None
        try:
            async with self._connection.stream(PATH, dialect.body(request), request.model) as response:
                vendor_id = refusals.request_id(response.headers, self.vendor)
                if "text/event-stream" not in response.headers.get("content-type", ""):
                    raise await self._no_stream(response, request)
                async with contextlib.aclosing(EventSource(response).aiter_sse()) as events:
                    async for event in events:
                        if event.data == END:
                            answer.finish = answer.finish or "stop"
                            break
                        for piece in self._read(answer, event, request):
                            yield piece
                        if answer.finish is not None:
                            break
                    await self._tail(events, answer, request)
            held, done = answer.end(vendor_id)
        except ProviderError as error:
            error.usage = error.usage or answer.usage
            error.began = answer.began
            error.request_id = error.request_id or vendor_id
            raise
        for piece in held:
            yield piece
        yield done

    def _read(self, answer: Answer, event: ServerSentEvent, request: Request) -> list[Event]:
        if not event.data:
            return []
        try:
            chunk: dict[str, Any] = orjson.loads(event.data)
            if refusals.is_error(chunk):
                raise self._connection.refusal(httpx.codes.OK, {}, event.data.encode(), request.model)
            return answer.read(chunk)
        except HOSTILE as error:
            reason = f"a piece of it is not what it should be ({type(error).__name__})"
            raise self._connection.error(Kind.BROKEN, sentences.broken(self.vendor, reason)) from None

    async def _tail(self, events: Stream, answer: Answer, request: Request) -> None:
        """Read to the end: usage comes last, and only a response that was read whole frees its connection.

        Once the vendor has said how the answer ended, nothing that goes wrong here takes it away.
        """
        try:
            async with asyncio.timeout(TAIL_SECONDS):
                async for event in events:
                    if event.data != END:
                        self._read(answer, event, request)
        except (TimeoutError, httpx.HTTPError, ProviderError) as error:
            if answer.finish is None:
                raise
            log.warning("an answer ended badly after its end", vendor=self.vendor.id, reason=repr(error))

    async def _no_stream(self, response: httpx.Response, request: Request) -> ProviderError:
        """Say what a 200 is that is no stream: an error in disguise, or nothing of the vendor's."""
        content = await beginning(response)
        try:
            chunk = orjson.loads(content)
            if isinstance(chunk, dict) and refusals.is_error(chunk):
                return self._connection.refusal(httpx.codes.OK, response.headers, content, request.model)
        except orjson.JSONDecodeError:
            pass
        kind = response.headers.get("content-type", "nothing").partition(";")[0]
        reason = f"{kind} in place of a stream"
        return self._connection.error(Kind.BROKEN, sentences.broken(self.vendor, reason))
