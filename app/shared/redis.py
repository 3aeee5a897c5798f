"""Redis (or Valkey) as the state that replicas share."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError

from app import contract
from app.settings import Secret
from app.shared import redis_scripts as scripts
from app.shared.protocol import (
    LONGEST_WAIT_SECONDS,
    MOST_AT_ONCE,
    START,
    Entry,
    Kept,
    SharedUnavailableError,
    Window,
    position_of,
)

CONNECT_SECONDS = 2.0
SOCKET_SECONDS = 1.0
"""For one answer; a rate check that takes longer costs more than it protects."""
POOL_SIZE = 20
POOL_WAIT_SECONDS = 1.0
PREFIX = f"{contract.NAME}:"

WAITING_POOL_SIZE = 16
"""Connections that wait for entries; whoever finds them all taken looks again a little later instead."""
LOOK_AGAIN_SECONDS = 0.5


class RedisShared:
    """Counters, groups, slots and streams in Redis under one key prefix, each with a bound and an end.

    Without retries: redis-py's default of ten would turn one lost packet into fifteen seconds.
    """

    name = "redis"
    away = False

    def __init__(self, url: Secret) -> None:
        self._client = _client(url, POOL_SIZE, SOCKET_SECONDS)
        self._waiter = _client(url, WAITING_POOL_SIZE, SOCKET_SECONDS + LONGEST_WAIT_SECONDS)
        self._waiting = asyncio.Semaphore(WAITING_POOL_SIZE)

    async def open(self) -> None:
        """Connect on first use, so that a Redis that is away does not keep the server from starting."""

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()
        await self._waiter.aclose()

    async def ping(self) -> None:
        """Make one round trip."""
        async with self._errors():
            await self._client.ping()

    async def add(self, key: str, amount: int, window_seconds: float) -> Window:
        """Add to a counter; see the Protocol."""
        return await self._window(scripts.ADD, key, amount, _milliseconds(window_seconds))

    async def read(self, key: str) -> Window:
        """Return a counter; see the Protocol."""
        return await self._window(scripts.READ, key)

    async def forget(self, key: str) -> None:
        """Remove a counter; see the Protocol."""
        async with self._errors():
            await self._client.delete(PREFIX + key)

    async def keep(self, group: str, member: str, value: bytes, *, most: int, seconds: float) -> list[str]:
        """Put a member into a group, or refresh it; see the Protocol."""
        async with self._errors():
            gone: Any = await self._client.eval(
                scripts.KEEP, 2, *_group(group), member, value, most, _milliseconds(seconds)
            )
        return [name.decode() for name in gone]

    async def kept(self, group: str, member: str) -> Kept | None:
        """Return a member; see the Protocol."""
        async with self._errors():
            found: Any = await self._client.eval(scripts.KEPT, 2, *_group(group), member)
        return None if found is None else Kept(found[0], max(0, int(found[1])) / 1e6)

    async def drop(self, group: str, member: str) -> None:
        """Take a member out of a group; see the Protocol."""
        async with self._errors():
            await self._client.eval(scripts.DROP, 2, *_group(group), member)

    async def acquire(self, name: str, holder: str, *, most: int, seconds: float) -> bool:
        """Take a place, or keep one for longer; see the Protocol."""
        async with self._errors():
            taken: Any = await self._client.eval(
                scripts.ACQUIRE, 1, _slots(name), holder, most, _milliseconds(seconds)
            )
        return bool(taken)

    async def release(self, name: str, holder: str) -> None:
        """Give a place back; see the Protocol."""
        async with self._errors():
            await self._client.zrem(_slots(name), holder)

    async def holders(self, name: str) -> int:
        """Return how many places are taken; see the Protocol."""
        async with self._errors():
            return int(await self._client.eval(scripts.HOLDERS, 1, _slots(name)))

    async def append(self, stream: str, data: bytes, *, most: int, seconds: float) -> str:
        """Add to a stream; see the Protocol."""
        async with self._errors():
            position: Any = await self._client.eval(
                scripts.APPEND, 1, _stream(stream), data, most, _milliseconds(seconds)
            )
        return str(position.decode())

    async def entries(self, stream: str, after: str = START, *, wait_seconds: float = 0.0) -> list[Entry]:
        """Return the entries after a position; see the Protocol."""
        position_of(after)
        if wait_seconds <= 0:
            return await self._read(self._client, stream, after, None)
        if self._waiting.locked():
            await asyncio.sleep(min(wait_seconds, LOOK_AGAIN_SECONDS))
            return await self._read(self._client, stream, after, None)
        async with self._waiting:
            milliseconds = _milliseconds(min(wait_seconds, LONGEST_WAIT_SECONDS))
            return await self._read(self._waiter, stream, after, milliseconds)

    async def end(self, stream: str) -> str:
        """Return the position of the newest entry; see the Protocol."""
        async with self._errors():
            newest: Any = await self._client.xrevrange(_stream(stream), count=1)
        return newest[0][0].decode() if newest else START

    async def _read(self, client: Redis, stream: str, after: str, block: int | None) -> list[Entry]:
        name = _stream(stream)
        async with self._errors():
            found: Any = await client.xread({name: after}, count=MOST_AT_ONCE, block=block)
        if not found:
            return []
        # A list of pairs in the second version of Redis' protocol, a map in the third.
        listed = found[name.encode()][0] if isinstance(found, dict) else found[0][1]
        return [Entry(position.decode(), fields[scripts.FIELD]) for position, fields in listed]

    async def _window(self, script: str, key: str, *arguments: int) -> Window:
        async with self._errors():
            answer: Any = await self._client.eval(script, 1, PREFIX + key, *arguments)
        count, milliseconds = int(answer[0]), int(answer[1])
        return Window(count, max(0.0, milliseconds / 1000))

    @asynccontextmanager
    async def _errors(self) -> AsyncIterator[None]:
        """Translate what redis-py and the network raise; the URL is never repeated."""
        task = asyncio.current_task()
        cancelled = 0 if task is None else task.cancelling()
        try:
            yield
            # Before Python 3.12 `asyncio.wait_for`, which redis-py sends with, may swallow a cancellation
            # that comes as it ends (cpython issue 86296); whoever cancelled would wait forever.
            if task is not None and task.cancelling() > cancelled:
                raise asyncio.CancelledError
        except AuthenticationError as error:
            raise SharedUnavailableError(
                f"Redis refuses us ({error}): correct user or password in REDIS_URL."
            ) from error
        except (RedisError, OSError, TimeoutError) as error:
            reason = str(error).rstrip(".") or type(error).__name__
            raise SharedUnavailableError(
                f"Redis cannot be used ({reason}): check REDIS_URL and that Redis is running."
            ) from error


def _client(url: Secret, connections: int, answer_seconds: float) -> Redis:
    pool = BlockingConnectionPool.from_url(
        url.reveal(),
        max_connections=connections,
        timeout=POOL_WAIT_SECONDS,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=answer_seconds,
        retry=Retry(NoBackoff(), 0),
        client_name=contract.NAME,
    )
    return Redis.from_pool(pool)


def _group(name: str) -> tuple[str, str]:
    # The braces keep both keys on one node, should this ever be a cluster.
    return f"{PREFIX}{{{name}}}:when", f"{PREFIX}{{{name}}}:what"


def _stream(name: str) -> str:
    return f"{PREFIX}stream:{name}"


def _slots(name: str) -> str:
    return f"{PREFIX}slots:{name}"


def _milliseconds(seconds: float) -> int:
    return max(1, math.ceil(seconds * 1000))
