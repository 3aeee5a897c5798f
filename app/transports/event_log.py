"""Event streams that a client can go on reading at any replica, by Last-Event-ID.

The replica that answers a POST with events also keeps them, as they are on the wire, in a bounded,
expiring stream of the shared state. It does not wait for that: an event may be on its way to the
client a moment before it is kept. With them it keeps what a reader is answered should it be killed before
it has answered itself. Source: specification 2025-03-26 to 2025-11-25, basic/transports
"Resumability and Redelivery"; the priming event is SEP-1699.
"""

import asyncio
import logging
import re
import secrets
from collections import deque
from collections.abc import Coroutine
from typing import Any, Protocol

import orjson

from app.protocol import envelopes
from app.protocol.errors import Interrupted
from app.protocol.session import Session
from app.transports.bus import Entry, Streams
from app.transports.events import Exchange, event, priming
from app.transports.presence import Groups, Presence

MAX_BYTES = 4 * 1024 * 1024
"""What is kept of one stream, above its newest event; the oldest events give way."""

KEEP_SECONDS = 900.0
"""How long a stream is kept after its newest event: longer than any call may take."""

WAIT_SECONDS = 5.0
"""How long one look at a stream may wait for its next event."""

MOST_ENTRIES = 256
STREAM_BYTES = 9
END = b": end\n\n"
"""Kept after the reply: nothing follows."""

LOOKS_BEFORE_GONE = 2
"""How many looks in a row must find a stream silent and its replica gone before it is ended."""

GONE = (
    "The replica that ran this call is gone; it may have had effects, so call again only what may run twice."
)

WILL = ":will"
"""Beside a stream: the replica that answers it, and what is answered for it once it is gone."""

_EVENT_ID = re.compile(r"([A-Za-z0-9_-]{12})\.(\d{1,9})", re.ASCII)
_ID_LINE = re.compile(rb"id: [^.\n]+\.(\d+)\n")

logger = logging.getLogger(__name__)


class Kept(Streams, Groups, Protocol):
    """The parts of the shared state that keep streams and groups."""


class EventLog:
    """Keeps events and finds them again."""

    def __init__(self, shared: Kept) -> None:
        self.presence = Presence(shared)
        self._streams: Streams = shared
        self._tasks: set[asyncio.Task[None]] = set()

    def recorder(self, session: Session, message: Any) -> "Recorder":
        """Keep the events of one POST of a session, once it has any; `message` is what was posted."""
        return Recorder(self, session, message)

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something beside the responses; held on to until it is done."""
        task = asyncio.create_task(work, name="event-log")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def append(self, name: str, data: bytes, most: int) -> None:
        """Keep events; those that cannot be kept have still been sent."""
        try:
            await self._streams.append(name, data, most=most, seconds=KEEP_SECONDS)
        except Exception:
            logger.exception("events could not be kept")

    async def flush(self, seconds: float) -> None:
        """Wait until everything is kept, at most this long."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    async def resume(self, session: Session, last_event_id: str, exchange: Exchange) -> bool:
        """Tell whether a stream is still kept; if so, its later events are fed to an exchange.

        The feeding goes on until the stream ends, or the exchange has been lost or finished.
        """
        match = _EVENT_ID.fullmatch(last_event_id)
        if match is None:
            return False
        name = _name(session, match[1])
        if not await self._streams.entries(name):
            return False
        feed = _Feed(name, match[1].encode(), int(match[2]), exchange)
        exchange.when_lost = self.start(self._serve(feed)).cancel
        return True

    async def _serve(self, feed: "_Feed") -> None:
        wills = await self._streams.entries(feed.name + WILL)
        will: dict[str, str] = orjson.loads(wills[0].data) if wills else {}
        deadline = asyncio.get_running_loop().time() + KEEP_SECONDS
        looks = 0
        while asyncio.get_running_loop().time() < deadline:
            entries = await self._streams.entries(feed.name, feed.position, wait_seconds=WAIT_SECONDS)
            for entry in entries:
                if await feed.take(entry):
                    return
            left = bool(will) and not entries and await self.presence.gone(will["by"])
            looks = looks + 1 if left else 0
            if looks == LOOKS_BEFORE_GONE:
                text = event(will["answer"].encode(), b"%b.%d" % (feed.stream, feed.number + 1))
                # Kept too, and read again above: whoever comes back later finds the same end.
                await self.append(feed.name, text + END, MOST_ENTRIES)
                looks = 0
        feed.exchange.finish(None)


class _Feed:
    """What a reader that came back is sent of a stream."""

    def __init__(self, name: str, stream: bytes, last: int, exchange: Exchange) -> None:
        self.name = name
        self.stream = stream
        self.exchange = exchange
        self.position = "0-0"
        self.number = 0
        """Of the newest event seen."""
        self._last = last

    async def take(self, entry: Entry) -> bool:
        """Send the events of an entry that are new to the reader; True after the last one of the stream."""
        self.position = entry.position
        for text in _events(entry.data):
            if text == END:
                self.exchange.finish(None)
                return True
            found = _ID_LINE.match(text)
            if found is not None and int(found[1]) > self.number:
                self.number = int(found[1])
                if self.number > self._last:
                    await self.exchange.send_event(text)
        return False


class Recorder:
    """Numbers the events of one response and keeps them for a reader that comes back."""

    __slots__ = (
        "_keeping",
        "_kept",
        "_log",
        "_message",
        "_name",
        "_number",
        "_session",
        "_stream",
        "_unkept",
        "_waiting",
    )

    def __init__(self, log: EventLog, session: Session, message: Any) -> None:
        self._log = log
        self._message = message
        self._session = session
        self._name = ""
        self._stream = b""
        self._number = 0
        self._waiting = 0
        self._keeping: asyncio.Task[None] | None = None

    def begin(self) -> bytes:
        """Return what a stream begins with: an id to come back with, where the revision knows that."""
        # Made here, because most responses never have an event.
        self._unkept: deque[bytes] = deque()
        self._kept: deque[int] = deque()
        stream = secrets.token_urlsafe(STREAM_BYTES)
        self._name, self._stream = _name(self._session, stream), stream.encode()
        first = priming(b"%b.0" % self._stream)
        self._keep(first)
        revision = self._session.revision
        return first if revision is not None and revision.primed else b""

    def record(self, message: bytes) -> bytes:
        """Keep one message; returns the event it is on the wire."""
        self._number += 1
        text = event(message, b"%b.%d" % (self._stream, self._number))
        self._keep(text)
        return text

    def end(self) -> None:
        """Keep that nothing follows."""
        if self._name:
            self._keep(END)

    def _keep(self, text: bytes) -> None:
        self._unkept.append(text)
        self._waiting += len(text)
        while self._waiting > MAX_BYTES and len(self._unkept) > 1:
            self._waiting -= len(self._unkept.popleft())
        if self._keeping is None or self._keeping.done():
            self._keeping = self._log.start(self._append())

    async def _append(self) -> None:
        if not self._kept:
            will = {"by": self._log.presence.name, "answer": _will(self._message)}
            await self._log.append(self._name + WILL, orjson.dumps(will), 1)
        while self._unkept:
            # All that gathered while the last append was under way goes as one entry.
            data = b"".join(self._unkept)
            self._unkept.clear()
            self._waiting = 0
            self._kept.append(len(data))
            while len(self._kept) > MOST_ENTRIES or (sum(self._kept) > MAX_BYTES and len(self._kept) > 1):
                self._kept.popleft()
            await self._log.append(self._name, data, len(self._kept))


def _will(message: Any) -> str:
    """Return what a message is answered with when the replica that took it is gone."""
    parts = message if type(message) is list else [message]
    ids = [
        envelopes.id_of(part) for part in parts if type(part) is dict and "method" in part and "id" in part
    ]
    answers = [envelopes.failure(request_id, Interrupted(GONE)).decode() for request_id in ids]
    return f"[{','.join(answers)}]" if type(message) is list else answers[0]


def _name(session: Session, stream: str) -> str:
    # Under the session's own name: an id of somebody else's stream leads nowhere.
    return f"events:{session.id}:{stream}"


def _events(data: bytes) -> list[bytes]:
    return [text + b"\n\n" for text in data.split(b"\n\n")[:-1]]
