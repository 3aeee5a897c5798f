"""The shared state of a server that runs alone: bounded dictionaries."""

import time
from collections import OrderedDict
from collections.abc import Callable

from app.shared.local_groups import LocalGroups
from app.shared.local_slots import LocalSlots
from app.shared.local_streams import LocalStreams
from app.shared.protocol import START, Entry, Kept, Window

MOST_KEYS = 100_000
"""Past this the oldest window goes: an attacker with many addresses must not fill the memory."""


class InProcess:
    """Counters, groups, slots and streams in this process; nothing here can be unavailable."""

    name = "in-process"
    away = False

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counters: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._groups = LocalGroups(clock)
        self._slots = LocalSlots(clock)
        self._streams = LocalStreams(clock)

    async def open(self) -> None:
        """Nothing to connect to."""

    async def close(self) -> None:
        """Forget everything."""
        self._counters.clear()
        self._groups.clear()
        self._slots.clear()
        self._streams.clear()

    async def ping(self) -> None:
        """Always answers."""

    async def add(self, key: str, amount: int, window_seconds: float) -> Window:
        """Add to a counter; see the Protocol."""
        now = self._clock()
        count, ends = self._counters.get(key, (0, 0.0))
        if ends <= now:
            self._counters.pop(key, None)
            count, ends = 0, now + window_seconds
        self._counters[key] = (count + amount, ends)
        if len(self._counters) > MOST_KEYS:
            self._counters.popitem(last=False)
        return Window(count + amount, ends - now)

    async def read(self, key: str) -> Window:
        """Return a counter; see the Protocol."""
        count, ends = self._counters.get(key, (0, 0.0))
        left = ends - self._clock()
        return Window(count, left) if left > 0 else Window(0, 0.0)

    async def forget(self, key: str) -> None:
        """Remove a counter; see the Protocol."""
        self._counters.pop(key, None)

    async def keep(self, group: str, member: str, value: bytes, *, most: int, seconds: float) -> list[str]:
        """Put a member into a group, or refresh it; see the Protocol."""
        return self._groups.keep(group, member, value, most=most, seconds=seconds)

    async def kept(self, group: str, member: str) -> Kept | None:
        """Return a member; see the Protocol."""
        return self._groups.kept(group, member)

    async def drop(self, group: str, member: str) -> None:
        """Take a member out of a group; see the Protocol."""
        self._groups.drop(group, member)

    async def acquire(self, name: str, holder: str, *, most: int, seconds: float) -> bool:
        """Take a place, or keep one for longer; see the Protocol."""
        return self._slots.acquire(name, holder, most=most, seconds=seconds)

    async def release(self, name: str, holder: str) -> None:
        """Give a place back; see the Protocol."""
        self._slots.release(name, holder)

    async def holders(self, name: str) -> int:
        """Return how many places are taken; see the Protocol."""
        return self._slots.holders(name)

    async def append(self, stream: str, data: bytes, *, most: int, seconds: float) -> str:
        """Add to a stream; see the Protocol."""
        return self._streams.append(stream, data, most=most, seconds=seconds)

    async def entries(self, stream: str, after: str = START, *, wait_seconds: float = 0.0) -> list[Entry]:
        """Return the entries after a position; see the Protocol."""
        return await self._streams.entries(stream, after, wait_seconds)

    async def end(self, stream: str) -> str:
        """Return the position of the newest entry; see the Protocol."""
        return self._streams.end(stream)
