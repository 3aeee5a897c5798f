"""A server to bridge to, in a process of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.transports.stdio.peers import FixtureServer


@pytest.fixture
async def remote(tmp_path: Path, unused_tcp_port: int) -> AsyncIterator[FixtureServer]:
    """A port at which a server may be started."""
    server = FixtureServer(unused_tcp_port, tmp_path)
    yield server
    await server.close()
