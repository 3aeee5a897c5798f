"""Who looks at the page, and what every replica tells it: at most once a second, while somebody looks.

A replica on which a client's page is open says so on the bus; every replica, itself included, then puts what
it does for that client on a short shared stream of the client's own. Nothing is counted, kept or said while
nobody looks.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Protocol

import orjson
import structlog

WATCHED = "page watched"
"""What the bus carries: `{"client": name}`."""

TELL_SECONDS = 1.0
"""The least time between two tellings of a replica."""
REPEAT_SECONDS = 5.0
"""The longest: a page takes a replica it has not heard of for three of these for gone."""
SAY_SECONDS = 5.0
"""How often a replica says that a page is still open."""
WATCHED_SECONDS = 12.0
"""How long that is believed."""
POLLED_SECONDS = 20.0
"""How long a page that asks instead of listening counts as open."""

MOST_WATCHED = 256
"""Clients looked at at once; further ones see their own replica's state when they ask."""
MOST_REPLICAS = 64
MOST_ENTRIES = 128
STREAM_SECONDS = 60.0
RETRY_SECONDS = 1.0

Tell = Callable[[str], dict[str, Any]]
"""Returns what this replica does for a client; with the key `replica`."""

log = structlog.get_logger(__name__)


class Entry(Protocol):
    """One entry of a shared stream."""

    @property
    def position(self) -> str:
        """Where it stands."""

    @property
    def data(self) -> bytes:
        """What was appended."""


class Streams(Protocol):
    """The part of the shared state that keeps bounded streams."""

    async def append(self, stream: str, data: bytes, *, most: int, seconds: float) -> str:
        """Add an entry."""

    async def entries(self, stream: str, after: str = ..., *, wait_seconds: float = ...) -> Sequence[Entry]:
        """Return the entries after a position, waiting for one when there is none."""

    async def end(self, stream: str) -> str:
        """Return the position of the newest entry."""


class Says(Protocol):
    """The part of the replicas' bus that says and hears."""

    def on(self, kind: str, handler: Callable[[dict[str, Any]], None]) -> None:
        """Have a handler called with everything of one kind."""

    def say(self, kind: str, content: dict[str, Any]) -> None:
        """Tell all replicas; never waits."""


class Room:
    """What is known for one client: the latest telling of each replica, and who waits for the next."""

    def __init__(self) -> None:
        self.version = 0
        self.lookers = 0
        self.polled_until = 0.0
        self._latest: dict[str, tuple[int, bytes]] = {}
        self._news = asyncio.Event()

    def put(self, replica: str, data: bytes) -> None:
        """Take over what a replica tells now."""
        self.version += 1
        self._latest.pop(replica, None)
        self._latest[replica] = (self.version, data)
        if len(self._latest) > MOST_REPLICAS:
            del self._latest[next(iter(self._latest))]
        news, self._news = self._news, asyncio.Event()
        news.set()

    def since(self, version: int) -> list[bytes]:
        """Return what is newer than a version, the oldest first."""
        return [data for at, data in self._latest.values() if at > version]

    async def wait(self, seconds: float) -> None:
        """Wait for news, at most so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()


class Watching:
    """Both sides: tells while somebody looks, and follows for those who look here."""

    def __init__(self, streams: Streams, bus: Says, tell: Tell) -> None:
        self._streams = streams
        self._bus = bus
        self._tell = tell
        self._watched: dict[str, float] = {}
        self._told: dict[str, tuple[bytes, float]] = {}
        self._woken = asyncio.Event()
        self._rooms: dict[str, Room] = {}
        self._following: dict[str, asyncio.Task[None]] = {}
        bus.on(WATCHED, self._hear)

    @contextlib.asynccontextmanager
    async def looking(self, principal: str) -> AsyncIterator[Room]:
        """Look at what all replicas do for a client, for as long as the context lasts."""
        room = self._room(principal)
        room.lookers += 1
        try:
            yield room
        finally:
            room.lookers -= 1

    def poll(self, principal: str) -> list[bytes]:
        """Return what is known at this moment, and look on for a while in case this is asked again."""
        room = self._room(principal)
        room.polled_until = _now() + POLLED_SECONDS
        return room.since(0)

    async def run(self) -> None:
        """Tell for as long as somebody looks; until cancelled."""
        try:
            while True:
                self._woken.clear()
                for principal in self._expected():
                    await self._say(principal)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(TELL_SECONDS if self._watched else None):
                        await self._woken.wait()
        finally:
            for task in self._following.values():
                task.cancel()
            await asyncio.gather(*self._following.values(), return_exceptions=True)

    def _expected(self) -> list[str]:
        now = _now()
        for principal in [one for one, until in self._watched.items() if until <= now]:
            del self._watched[principal]
            self._told.pop(principal, None)
        return list(self._watched)

    async def _say(self, principal: str) -> None:
        data = orjson.dumps(self._tell(principal))
        before, at = self._told.get(principal, (b"", 0.0))
        if data == before and _now() - at < REPEAT_SECONDS:
            return
        self._told[principal] = (data, _now())
        try:
            await self._streams.append(_stream(principal), data, most=MOST_ENTRIES, seconds=STREAM_SECONDS)
        except Exception:  # the page must outlive a bad moment of the shared state
            log.exception("a page could not be told")

    def _hear(self, content: dict[str, Any]) -> None:
        principal = content["client"]
        if principal in self._watched or len(self._watched) < MOST_WATCHED:
            # Whoever has just begun to look is told at once what was not news for the others.
            if principal not in self._watched or content.get("new"):
                self._told.pop(principal, None)
                self._woken.set()
            self._watched[principal] = _now() + WATCHED_SECONDS

    def _room(self, principal: str) -> Room:
        room = self._rooms.get(principal)
        if room is None:
            room = self._rooms[principal] = Room()
            # Known before any stream was read: a page is never empty because the others are slow.
            own = self._tell(principal)
            room.put(own["replica"], orjson.dumps(own))
            task = asyncio.create_task(self._follow(principal, room), name="page")
            self._following[principal] = task
        return room

    async def _follow(self, principal: str, room: Room) -> None:
        """Hear what is told of a client until nobody looks any more."""
        position, new = await self._streams.end(_stream(principal)), True
        while room.lookers or room.polled_until > _now():
            self._bus.say(WATCHED, {"client": principal, "new": new})
            new = False
            until = _now() + SAY_SECONDS
            try:
                while (left := until - _now()) > 0:
                    for entry in await self._streams.entries(_stream(principal), position, wait_seconds=left):
                        position = entry.position
                        room.put(orjson.loads(entry.data)["replica"], entry.data)
            except Exception:  # as above
                log.exception("a page could not hear the replicas")
                await asyncio.sleep(RETRY_SECONDS)
        del self._rooms[principal], self._following[principal]


def _stream(principal: str) -> str:
    return f"page:{principal}"


def _now() -> float:
    return asyncio.get_running_loop().time()
