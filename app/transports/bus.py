"""What one replica tells all of them, itself included: one bounded stream that everybody reads.

Nothing said here is needed for long, and nothing is said that must not be lost: a cancellation, an
answer to a question of ours, a change, a session that was closed.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import orjson

STREAM = "bus"
MOST_ENTRIES = 4096
MOST_BYTES = 64 * 1024 * 1024
"""Together they bound the stream: of large entries it holds fewer."""

KEEP_SECONDS = 3600.0
"""How long a silent stream is kept; a reader that was away longer missed nothing it could still use."""

WAIT_SECONDS = 5.0
"""How long one look at the stream may wait for the next entry."""

RETRY_SECONDS = 1.0
"""How long to leave the shared state alone after it failed in a way it does not cure by itself."""

MOST_UNSAID = 1000
"""What may wait to be said while the shared state is slow; past it the oldest is given up."""

logger = logging.getLogger(__name__)

Content = dict[str, Any]


class Entry(Protocol):
    """One entry of a shared stream; positions only grow."""

    @property
    def position(self) -> str:
        """Where it stands, as `milliseconds-number`."""

    @property
    def data(self) -> bytes:
        """What was appended."""


class Streams(Protocol):
    """The part of the shared state that keeps bounded streams."""

    async def append(self, stream: str, data: bytes, *, most: int, seconds: float) -> str:
        """Add to a stream and return the position."""

    async def entries(self, stream: str, after: str = ..., *, wait_seconds: float = ...) -> Sequence[Entry]:
        """Return the entries after a position, waiting for one when there is none."""

    async def end(self, stream: str) -> str:
        """Return the position of the newest entry."""


class Bus:
    """Says and hears; handlers are called in the order in which things were said, by whichever replica."""

    def __init__(self, streams: Streams) -> None:
        self.position = "0-0"
        """Where the entry stands that is being handled, or was last."""
        self._streams = streams
        self._handlers: dict[str, Callable[[Content], None]] = {}
        self._unsaid: deque[bytes] = deque(maxlen=MOST_UNSAID)
        self._something = asyncio.Event()

    def on(self, kind: str, handler: Callable[[Content], None]) -> None:
        """Have a handler called with everything of one kind."""
        self._handlers[kind] = handler

    def say(self, kind: str, content: Content) -> None:
        """Tell all replicas; never waits. `run` must be running for it to be heard."""
        self._unsaid.append(orjson.dumps([kind, content]))
        self._something.set()

    async def begin(self) -> None:
        """Hear what is said from now on, once `run` runs."""
        self.position = await self._streams.end(STREAM)

    async def run(self) -> None:
        """Say and hear until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._forever(self._say), name="bus-say")
            tasks.create_task(self._forever(self._hear), name="bus-hear")

    async def flush(self) -> None:
        """Say what is left; for the moment before the end."""
        while self._unsaid:
            data = self._unsaid.popleft()
            most = max(1, min(MOST_ENTRIES, MOST_BYTES // len(data)))
            await self._streams.append(STREAM, data, most=most, seconds=KEEP_SECONDS)

    async def since(self, position: str) -> list[tuple[str, str, Content]]:
        """Return (position, kind, content) of what was said after a position and is still kept.

        Raises:
            ValueError: it is not a position.
        """
        found: list[tuple[str, str, Content]] = []
        while entries := await self._streams.entries(STREAM, position):
            for entry in entries:
                kind, content = orjson.loads(entry.data)
                found.append((entry.position, kind, content))
            position = entries[-1].position
        return found

    async def _say(self) -> None:
        await self._something.wait()
        self._something.clear()
        await self.flush()

    async def _hear(self) -> None:
        for entry in await self._streams.entries(STREAM, self.position, wait_seconds=WAIT_SECONDS):
            self.position = entry.position
            kind, content = orjson.loads(entry.data)
            handler = self._handlers.get(kind)
            # A kind we do not know comes from a newer release than ours; it is not for us.
            if handler is not None:
                handler(content)

    @staticmethod
    async def _forever(step: Callable[[], Any]) -> None:
        while True:
            try:
                await step()
            except Exception:  # the bus of a replica must outlive one bad entry
                logger.exception("the replicas' bus stumbled")
                await asyncio.sleep(RETRY_SECONDS)
