"""Redis away, refusing, silent, and back."""

import asyncio
import contextlib
import time

import pytest

from app.settings import Secret
from app.shared import SharedUnavailableError
from app.shared.fallback import PAUSE_SECONDS, Fallback
from app.shared.redis import CONNECT_SECONDS, SOCKET_SECONDS, RedisShared
from tests.app.shared.conftest import PASSWORD, free_port, running


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_wrong_password_names_the_variable_and_not_the_password(redis_url: str) -> None:
    state = RedisShared(Secret(redis_url.replace(PASSWORD, "canary-password")))
    try:
        with pytest.raises(SharedUnavailableError, match="in REDIS_URL") as caught:
            await state.ping()
    finally:
        await state.close()
    assert "canary" not in str(caught.value)


async def test_a_silent_redis_is_given_up_within_the_deadlines() -> None:
    left = asyncio.Event()

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await reader.read()
            writer.close()
            await writer.wait_closed()
        left.set()

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    state = RedisShared(Secret(f"redis://:pw@127.0.0.1:{port}/0"))
    began = time.monotonic()
    try:
        with pytest.raises(SharedUnavailableError):
            await state.ping()
    finally:
        await state.close()
        await asyncio.wait_for(left.wait(), 10)
        server.close()
        await server.wait_closed()

    # Twice what one connection and one answer may take: redis-py's own default would be fifteen seconds.
    assert time.monotonic() - began < 2 * (CONNECT_SECONDS + SOCKET_SECONDS)


@pytest.mark.usefixtures("redis_available")
async def test_while_redis_is_away_the_server_counts_alone_and_returns_by_itself() -> None:
    port, clock = free_port(), Clock()
    state = Fallback(RedisShared(Secret(f"redis://:{PASSWORD}@127.0.0.1:{port}/0")), clock)
    try:
        assert [(await state.add("k", 1, 60)).value for _ in range(3)] == [1, 2, 3]
        with pytest.raises(SharedUnavailableError):
            await state.ping()
        with running(port):
            assert (await state.add("k", 1, 60)).value == 4  # left alone until the pause is over
            clock.now += PAUSE_SECONDS
            assert (await state.add("k", 1, 60)).value == 1
            await state.ping()
        assert (await state.add("k", 1, 60)).value == 5  # its own counter again
    finally:
        await state.close()


@pytest.mark.usefixtures("redis_available")
async def test_a_reader_hears_the_side_that_works_and_returns_to_redis_by_itself() -> None:
    port, clock = free_port(), Clock()
    state = Fallback(RedisShared(Secret(f"redis://:{PASSWORD}@127.0.0.1:{port}/0")), clock)
    other = RedisShared(Secret(f"redis://:{PASSWORD}@127.0.0.1:{port}/0"))
    keeping = {"most": 5, "seconds": 60.0}
    try:
        alone = asyncio.create_task(state.entries("news", wait_seconds=5))
        await state.append("news", b"alone", **keeping)
        heard = await asyncio.wait_for(alone, 10)
        assert [entry.data for entry in heard] == [b"alone"]
        with running(port):
            clock.now += PAUSE_SECONDS
            reading = asyncio.create_task(state.entries("news", heard[-1].position, wait_seconds=5))
            await other.append("news", b"together", **keeping)
            assert [entry.data for entry in await asyncio.wait_for(reading, 10)] == [b"together"]
    finally:
        await state.close()
        await other.close()
