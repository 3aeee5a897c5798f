"""One HTTP response to a client: plain JSON, or server-sent events when the request needs them.

A response starts as JSON and becomes an event stream at the first message that precedes the reply,
or when the reply takes so long that a silent connection might be cut on the way.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from aiohttp import web

from app.transports.refusals import leaving
from app.transports.replies import JSON, JsonReply

EVENTS: Final = "text/event-stream"

STREAM_AFTER_SECONDS = 10.0
"""How long a reply may take before headers and keep-alives are sent for it."""

KEEP_ALIVE_SECONDS = 15.0
"""How often a silent stream carries a comment; below the idle limits of common proxies."""

MAX_WAITING = 64
"""Messages a stream holds for a slow reader before the sender has to wait."""

RETRY_SECONDS = "2"
"""What a client is told to wait while the server drains; another replica may answer sooner."""

STALL_SECONDS = 20.0
"""How long a reader may take nothing at all before it is cut off."""

RECONNECT_MILLISECONDS = 1000
"""How long a client is asked to wait before it comes back to a stream that ended early."""

_KEEP_ALIVE = b": keep-alive\n\n"
_STREAM_HEADERS = {
    "Content-Type": EVENTS,
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
}


class Recorder(Protocol):
    """Names the events of one stream, so that its reader can come back for those it missed."""

    def begin(self) -> bytes:
        """Return what the stream begins with; may be nothing."""

    def record(self, message: bytes) -> bytes:
        """Return the event of a message, as it is on the wire."""

    def end(self) -> None:
        """Take note that nothing follows."""


class Exchange:
    """The `Channel` of one HTTP request. Messages wait here until `respond` writes them."""

    def __init__(
        self, statuses: Mapping[int, int], headers: Mapping[str, str], *, stream: bool = False
    ) -> None:
        self.when_finished: Callable[[], object] | None = None
        """Called once, when the reply is there."""
        self.when_lost: Callable[[], object] | None = None
        """Called once, when the response has been written or its reader is gone."""
        self.recorder: Recorder | None = None
        """Names the events, should there be any; may be set until the first message."""
        self.headers = dict(headers)
        """Sent with the response; may be added to until `respond` is called."""
        self._statuses = statuses
        self._stream = stream
        self._begun = False
        self._waiting: deque[bytes] = deque()
        self._reply: bytes | None = None
        self._code = 0
        self._finished = False
        self._lost = False
        self._hung_up = False
        self._wake: asyncio.Future[bool] | None = None
        self._room: asyncio.Future[None] | None = None

    async def send(self, message: bytes) -> None:
        """Queue a message that precedes the reply; a lost reader's messages are only recorded."""
        self._queue(message)
        await self._take_room()

    async def send_event(self, text: bytes) -> None:
        """Queue an event that is ready for the wire, of a stream that began elsewhere."""
        self.push_event(text)
        await self._take_room()

    def push_event(self, text: bytes) -> None:
        """Queue an event that is ready for the wire and that nobody waits for."""
        self._stream = True
        if not self._lost:
            self._waiting.append(text)
            self._notify()

    async def _take_room(self) -> None:
        while len(self._waiting) >= MAX_WAITING and not self._lost:
            if self._room is None:
                self._room = asyncio.get_running_loop().create_future()
            await asyncio.wait({self._room})

    def push(self, message: bytes) -> None:
        """Queue what nobody waits for; a reader too slow for it loses its stream."""
        if len(self._waiting) >= MAX_WAITING:
            self.finish(None)
        elif not self._lost:
            self._queue(message)

    def finish(self, reply: bytes | None, code: int = 0) -> None:
        """Take the reply; a cancelled request ends as an empty stream."""
        if self._finished:
            return
        self._code = code
        self._finished = True
        if reply is None:
            self._stream = True
        elif self._stream:
            self._queue(reply)
        else:
            self._reply = reply
        if self._begun and self.recorder is not None:
            self.recorder.end()
        if self.when_finished is not None:
            self.when_finished()
        self._notify()

    def hang_up(self) -> None:
        """End the response though the reply is not there; only of a stream that can be resumed."""
        if self.recorder is not None and not self._finished:
            self._begin()
            self._hung_up = True
            self._notify()

    @property
    def finished(self) -> bool:
        """Tell whether the reply is there."""
        return self._finished

    def at_once(self) -> web.Response | None:
        """Return the whole response if it is there already and plain JSON."""
        return self._answer() if self._finished and not self._stream else None

    async def respond(self, request: web.Request) -> web.StreamResponse:
        """Write the response; returns when it is complete or the reader is gone.

        A reader that goes away does not stop the call: in the handshake revisions a disconnect is
        not a cancellation.
        """
        try:
            if not self._finished and not self._stream:
                await self._next(STREAM_AFTER_SECONDS)
            if self._finished and not self._stream:
                return self._answer()
            response = web.StreamResponse(headers=_STREAM_HEADERS | self.headers)
            self._begin()
            try:
                await response.prepare(request)
                await self._write(response)
                await response.write_eof()
            except ConnectionError:
                pass
            except TimeoutError:
                if request.transport is not None:
                    request.transport.abort()
            return response
        finally:
            self._lose()

    def _answer(self) -> web.Response:
        if self._code == 0 and not self.headers and self._reply is not None:
            return JsonReply(self._reply)
        status = self._statuses.get(self._code, 200)
        if status == 503:
            self.headers["Retry-After"] = RETRY_SECONDS
        return leaving(web.Response(status=status, body=self._reply, content_type=JSON, headers=self.headers))

    async def _write(self, response: web.StreamResponse) -> None:
        while True:
            if self._waiting:
                events = b"".join(self._waiting)
                self._waiting.clear()
                self._make_room()
                async with asyncio.timeout(STALL_SECONDS):
                    await response.write(events)
            elif self._finished or self._hung_up:
                return
            elif not await self._next(KEEP_ALIVE_SECONDS):
                await response.write(_KEEP_ALIVE)

    def _begin(self) -> None:
        self._stream = True
        if not self._begun:
            self._begun = True
            first = b"" if self.recorder is None or self._finished else self.recorder.begin()
            if first and not self._lost:
                self._waiting.append(first)

    def _queue(self, message: bytes) -> None:
        self._begin()
        self.push_event(event(message) if self.recorder is None else self.recorder.record(message))

    async def _next(self, seconds: float) -> bool:
        """Wait until something is there to be written; False when the time is up."""
        loop = asyncio.get_running_loop()
        self._wake = loop.create_future()
        # A future and a timer: half of what asyncio.wait costs, and one loop turn less.
        timer = loop.call_later(seconds, _settle, self._wake, False)
        try:
            return await self._wake
        finally:
            timer.cancel()
            self._wake = None

    def _notify(self) -> None:
        _settle(self._wake, True)

    def _lose(self) -> None:
        self._lost = True
        if self.when_lost is not None:
            self.when_lost()
        self._waiting.clear()
        self._make_room()

    def _make_room(self) -> None:
        if self._room is not None and not self._room.done():
            self._room.set_result(None)
        self._room = None


def _settle(waiting: asyncio.Future[bool] | None, something: bool) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(something)


def priming(event_id: bytes) -> bytes:
    """Return the event a stream begins with: an id to come back with, and how soon (SEP-1699)."""
    return b"id: %b\nretry: %d\ndata: \n\n" % (event_id, RECONNECT_MILLISECONDS)


def event(message: bytes, event_id: bytes | None = None) -> bytes:
    """Return one message as a server-sent event; messages hold no line breaks."""
    name = b"" if event_id is None else b"id: %b\n" % event_id
    return b"%bevent: message\ndata: %b\n\n" % (name, message)
