"""Redis (or Valkey) as the state that replicas share."""

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
from app.shared.protocol import SharedUnavailableError, Window

CONNECT_SECONDS = 2.0
SOCKET_SECONDS = 1.0
"""For one answer; a rate check that takes longer costs more than it protects."""
POOL_SIZE = 20
POOL_WAIT_SECONDS = 1.0
PREFIX = f"{contract.NAME}:"

# One script, so that a counter can never be left without its end (INCRBY and PEXPIRE apart could be).
_ADD = """
local count = redis.call('INCRBY', KEYS[1], ARGV[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  left = tonumber(ARGV[2])
end
return {count, left}
"""
_READ = "return {redis.call('GET', KEYS[1]) or '0', redis.call('PTTL', KEYS[1])}"


class RedisShared:
    """Counters in Redis under one key prefix, each with an end.

    Without retries: redis-py's default of ten would turn one lost packet into fifteen seconds.
    """

    name = "redis"

    def __init__(self, url: Secret) -> None:
        pool = BlockingConnectionPool.from_url(
            url.reveal(),
            max_connections=POOL_SIZE,
            timeout=POOL_WAIT_SECONDS,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=SOCKET_SECONDS,
            retry=Retry(NoBackoff(), 0),
            client_name=contract.NAME,
            decode_responses=True,
        )
        self._client: Redis = Redis.from_pool(pool)

    async def open(self) -> None:
        """Connect on first use, so that a Redis that is away does not keep the server from starting."""

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def ping(self) -> None:
        """Make one round trip."""
        async with self._errors():
            await self._client.ping()

    async def add(self, key: str, amount: int, window_seconds: float) -> Window:
        """Add to a counter; see the Protocol."""
        milliseconds = max(1, math.ceil(window_seconds * 1000))
        return await self._window(_ADD, key, amount, milliseconds)

    async def read(self, key: str) -> Window:
        """Return a counter; see the Protocol."""
        return await self._window(_READ, key)

    async def forget(self, key: str) -> None:
        """Remove a counter; see the Protocol."""
        async with self._errors():
            await self._client.delete(PREFIX + key)

    async def _window(self, script: str, key: str, *arguments: int) -> Window:
        async with self._errors():
            answer: Any = await self._client.eval(script, 1, PREFIX + key, *arguments)
        count, milliseconds = int(answer[0]), int(answer[1])
        return Window(count, max(0.0, milliseconds / 1000))

    @asynccontextmanager
    async def _errors(self) -> AsyncIterator[None]:
        """Translate what redis-py and the network raise; the URL is never repeated."""
        try:
            yield
        except AuthenticationError as error:
            raise SharedUnavailableError(
                f"Redis refuses us ({error}): correct user or password in REDIS_URL."
            ) from error
        except (RedisError, OSError, TimeoutError) as error:
            reason = str(error) or type(error).__name__
            raise SharedUnavailableError(
                f"Redis cannot be used ({reason}): check REDIS_URL and that Redis is running."
            ) from error
