"""Streams of one process: entries of which the oldest give way, and who waits for the next."""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from itertools import takewhile

from app.shared.protocol import LONGEST_WAIT_SECONDS, MOST_AT_ONCE, START, Entry, position_of

MOST_STREAMS = 10_000
MOST_BYTES = 64 * 1024 * 1024
"""Past these the stream that was longest left alone goes."""


class _Stream:
    __slots__ = ("ends", "entries", "size")

    def __init__(self) -> None:
        self.entries: deque[Entry] = deque()
        self.size = 0
        self.ends = 0.0


class LocalStreams:
    """Bounded streams; see `Shared` for the meaning of each method."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._streams: OrderedDict[str, _Stream] = OrderedDict()
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}
        self._size = 0
        self._last = position_of(START)

    def append(self, name: str, data: bytes, *, most: int, seconds: float) -> str:
        """Add to a stream and return the position."""
        stream = self._live(name) or _Stream()
        self._streams[name] = stream
        self._streams.move_to_end(name)
        stream.ends = self._clock() + seconds
        position = self._next_position()
        stream.entries.append(Entry(position, data))
        self._resize(stream, len(data))
        while len(stream.entries) > most:
            self._resize(stream, -len(stream.entries.popleft().data))
        while len(self._streams) > 1 and (len(self._streams) > MOST_STREAMS or self._size > MOST_BYTES):
            self._lose(next(iter(self._streams)))
        for waiting in self._waiting.pop(name, ()):
            if not waiting.done():
                waiting.set_result(None)
        return position

    async def entries(self, name: str, after: str, wait_seconds: float) -> list[Entry]:
        """Return the entries after a position, waiting for one when there is none."""
        found = self._after(name, after)
        if found or wait_seconds <= 0:
            return found
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(name, set()).add(waiting)
        try:
            await asyncio.wait({waiting}, timeout=min(wait_seconds, LONGEST_WAIT_SECONDS))
        finally:
            others = self._waiting.get(name)
            if others is not None:
                others.discard(waiting)
                if not others:
                    del self._waiting[name]
        return self._after(name, after)

    def end(self, name: str) -> str:
        """Return the position of the newest entry; START when there is none."""
        stream = self._live(name)
        return stream.entries[-1].position if stream is not None and stream.entries else START

    def clear(self) -> None:
        """Forget everything."""
        self._streams.clear()
        self._size = 0

    def _after(self, name: str, after: str) -> list[Entry]:
        least = position_of(after)
        stream = self._live(name)
        if stream is None or not stream.entries or position_of(stream.entries[-1].position) <= least:
            return []
        # From the newest one back: who follows a stream has read all of it but the end.
        newer = list(takewhile(lambda entry: position_of(entry.position) > least, reversed(stream.entries)))
        return newer[: -MOST_AT_ONCE - 1 : -1]

    def _next_position(self) -> str:
        # The wall clock, as in Redis: a reader that changes sides goes on at the same moment.
        last, number = self._last
        now = time.time_ns() // 1_000_000
        self._last = (now, 0) if now > last else (last, number + 1)
        return f"{self._last[0]}-{self._last[1]}"

    def _live(self, name: str) -> _Stream | None:
        stream = self._streams.get(name)
        if stream is None or stream.ends > self._clock():
            return stream
        self._lose(name)
        return None

    def _lose(self, name: str) -> None:
        self._size -= self._streams.pop(name).size

    def _resize(self, stream: _Stream, change: int) -> None:
        stream.size += change
        self._size += change
