"""Goes on in this process while the shared state is away, and returns to it by itself."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from app.shared.in_process import InProcess
from app.shared.protocol import START, Entry, Kept, Shared, SharedUnavailableError, Window

PAUSE_SECONDS = 2.0
"""After a failure, how long the other side is left alone: a black hole must not slow down every call."""

CANCEL_SECONDS = 0.1
"""How long a reader may take to let go before it is asked again: the first time can be swallowed."""

T = TypeVar("T")
log = structlog.get_logger(__name__)


class Fallback:
    """Works in `shared`, and in this process while it fails; only `ping` tells the difference.

    Counters begin at nothing when sides are changed, so a limit may be exceeded once by at most itself.
    Who waits for entries hears of both sides; their positions are both made from the wall clock.
    """

    def __init__(self, shared: Shared, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = shared.name
        self._shared = shared
        self._own = InProcess(clock)
        self._clock = clock
        self._paused_until = 0.0
        self.away = False

    async def open(self) -> None:
        """Open the other side."""
        await self._shared.open()

    async def close(self) -> None:
        """Close both sides."""
        await self._shared.close()
        await self._own.close()

    async def ping(self) -> None:
        """Ask the other side itself, and notice that it is back.

        Raises:
            SharedUnavailableError: while it is away.
        """
        try:
            await self._shared.ping()
        except SharedUnavailableError as error:
            self._noticed_away(error)
            raise
        self._noticed_back()

    async def add(self, key: str, amount: int, window_seconds: float) -> Window:
        """Add to a counter on the side that works."""
        return await self._either(lambda side: side.add(key, amount, window_seconds))

    async def read(self, key: str) -> Window:
        """Return a counter of the side that works."""
        return await self._either(lambda side: side.read(key))

    async def forget(self, key: str) -> None:
        """Remove a counter on the side that works."""
        await self._either(lambda side: side.forget(key))

    async def keep(self, group: str, member: str, value: bytes, *, most: int, seconds: float) -> list[str]:
        """Put a member into a group on the side that works."""
        return await self._either(lambda side: side.keep(group, member, value, most=most, seconds=seconds))

    async def kept(self, group: str, member: str) -> Kept | None:
        """Return a member from the side that works."""
        return await self._either(lambda side: side.kept(group, member))

    async def drop(self, group: str, member: str) -> None:
        """Take a member out of a group on the side that works."""
        await self._either(lambda side: side.drop(group, member))

    async def acquire(self, name: str, holder: str, *, most: int, seconds: float) -> bool:
        """Take a place, or keep one for longer, on the side that works."""
        return await self._either(lambda side: side.acquire(name, holder, most=most, seconds=seconds))

    async def release(self, name: str, holder: str) -> None:
        """Give a place back, on both sides: it may have been taken before sides were changed."""
        await self._own.release(name, holder)
        await self._either(lambda side: side.release(name, holder))

    async def holders(self, name: str) -> int:
        """Return how many places are taken on the side that works."""
        return await self._either(lambda side: side.holders(name))

    async def append(self, stream: str, data: bytes, *, most: int, seconds: float) -> str:
        """Add to a stream on the side that works."""
        return await self._either(lambda side: side.append(stream, data, most=most, seconds=seconds))

    async def entries(self, stream: str, after: str = START, *, wait_seconds: float = 0.0) -> list[Entry]:
        """Return the entries after a position, of the side that has one first."""
        if wait_seconds <= 0:
            return await self._either(lambda side: side.entries(stream, after))
        paused = self._paused_until - self._clock()
        if paused > 0:
            # Not longer than the pause, so that the other side is heard again when it is back.
            return await self._own.entries(stream, after, wait_seconds=min(wait_seconds, paused))
        own = asyncio.ensure_future(self._own.entries(stream, after, wait_seconds=wait_seconds))
        theirs = asyncio.ensure_future(
            self._either(lambda side: side.entries(stream, after, wait_seconds=wait_seconds))
        )
        try:
            await asyncio.wait({own, theirs}, return_when=asyncio.FIRST_COMPLETED)
            found = own.result() if own.done() else []
            return found or (await theirs)
        finally:
            await _cancel(own, theirs)

    async def end(self, stream: str) -> str:
        """Return the position of the newest entry on the side that works."""
        return await self._either(lambda side: side.end(stream))

    async def _either(self, work: Callable[[Shared], Awaitable[T]]) -> T:
        if self._clock() < self._paused_until:
            return await work(self._own)
        try:
            answer = await work(self._shared)
        except SharedUnavailableError as error:
            self._noticed_away(error)
            return await work(self._own)
        self._noticed_back()
        return answer

    def _noticed_away(self, error: SharedUnavailableError) -> None:
        self._paused_until = self._clock() + PAUSE_SECONDS
        if not self.away:
            self.away = True
            log.warning(
                "the shared state is away; this replica counts and keeps by itself meanwhile",
                reason=str(error),
            )

    def _noticed_back(self) -> None:
        self._paused_until = 0.0
        if self.away:
            self.away = False
            log.info("the shared state is back")


async def _cancel(*readers: "asyncio.Future[list[Entry]]") -> None:
    while pending := [reader for reader in readers if not reader.done()]:
        for reader in pending:
            reader.cancel()
        await asyncio.wait(pending, timeout=CANCEL_SECONDS)
    await asyncio.gather(*readers, return_exceptions=True)
