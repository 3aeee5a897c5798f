"""A running server, and a peer of it over each transport."""

from collections.abc import AsyncIterator

import pytest

from tests.transports.peers import Peer, connected
from tests.transports.server import Running, running

TRANSPORTS = ("memory", "websocket", "http")


@pytest.fixture
async def server() -> AsyncIterator[Running]:
    async with running() as up:
        yield up


@pytest.fixture(params=TRANSPORTS)
async def peer(request: pytest.FixtureRequest, server: Running) -> AsyncIterator[Peer]:
    async with connected(request.param, server) as up:
        yield up
