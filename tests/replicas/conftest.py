"""Two replicas in one process, over the shared state of one process and over a real Redis."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import NamedTuple

import aiohttp
import pytest

from app.settings import Secret
from app.shared import Shared
from app.shared.fallback import Fallback
from app.shared.in_process import InProcess
from app.shared.redis import RedisShared
from tests.app.shared.conftest import IMAGE, PASSWORD, free_port, have_image, running
from tests.replicas.pair import Replica, Wire, replica


class Pair(NamedTuple):
    """Replica A, replica B, and the shared state as each of them sees it."""

    a: Replica
    b: Replica
    shared: tuple[Shared, Shared]


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A running Redis of its own."""
    if not have_image():
        pytest.skip(f"no Redis: the image {IMAGE} is not here")
    port = free_port()
    with running(port):
        yield f"redis://:{PASSWORD}@127.0.0.1:{port}/0"


@pytest.fixture(params=["in-process", "redis"])
async def states(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Shared, Shared]]:
    """The shared state, as two replicas see it."""
    if request.param == "in-process":
        one = InProcess()
        yield one, one
        return
    url = Secret(request.getfixturevalue("redis_url"))
    two = Fallback(RedisShared(url)), Fallback(RedisShared(url))
    yield two
    for state in two:
        await state.close()


@pytest.fixture
async def pair(states: tuple[Shared, Shared]) -> AsyncIterator[Pair]:
    async with contextlib.AsyncExitStack() as stack:
        a, b = [await stack.enter_async_context(replica(state)) for state in states]
        yield Pair(a, b, states)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def wire(http: aiohttp.ClientSession) -> Wire:
    return Wire(http)
