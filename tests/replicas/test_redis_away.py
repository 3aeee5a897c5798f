"""Redis away while two replicas serve one session, and back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from app.settings import Secret
from app.shared.fallback import Fallback
from app.shared.redis import RedisShared
from tests.app.shared.conftest import PASSWORD, free_port, have_image, running
from tests.replicas.pair import Replica, Wire, replica

BACK_SECONDS = 20


@asynccontextmanager
async def on(port: int) -> AsyncIterator[Replica]:
    state = Fallback(RedisShared(Secret(f"redis://:{PASSWORD}@127.0.0.1:{port}/0")))
    try:
        async with replica(state) as up:
            yield up
    finally:
        await state.close()


@pytest.mark.skipif(not have_image(), reason="no Redis: its image is not here")
async def test_sessions_go_on_while_redis_is_away_and_replicas_hear_each_other_when_it_is_back(
    wire: Wire,
) -> None:
    port = free_port()
    async with on(port) as a, on(port) as b:
        await wire.initialize(a)
        for to in (a, b):
            assert (await wire.call(to, "echo", {"text": "alone"}))["status"] == 200
        async with wire.streaming(a, "count", {"steps": 3}) as stream:
            assert len(await stream.rest()) == 4
        async with wire.listening(a) as stream:
            await stream.until_begun()
            a.dispatcher.list_changed("tools")
            assert await stream.next() is not None
        with running(port):
            async with wire.listening(b) as stream:
                await stream.until_begun()
                told = asyncio.create_task(stream.next())
                async with asyncio.timeout(BACK_SECONDS):
                    while not told.done():
                        # Said at A, heard at B: only once both are back at Redis.
                        a.dispatcher.list_changed("tools")
                        await asyncio.wait({told}, timeout=0.2)
                assert await told is not None
            for to in (a, b):
                assert (await wire.call(to, "echo", {"text": "together"}))["status"] == 200
