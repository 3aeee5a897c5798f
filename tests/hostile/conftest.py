"""The real process with limits small enough to be reached in a test, and what it looked like before."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import psutil
import pytest

from tests.app.conftest import Server
from tests.hostile.wire import Wire, honest

LIMITS = """
[limits]
sockets = 120
keepalive_seconds = 1
body_seconds = 1
heartbeat_seconds = 1
stall_seconds = 1
outbox_bytes = 262144
pings_per_minute = 50
wrong_tokens = 5
held_back_seconds = 0.001
"""


@dataclass
class Target:
    """The server under attack; `begin` is taken when it was idle."""

    server: Server
    port: int
    process: psutil.Process
    descriptors: int
    resident: int


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "config").mkdir()
    (folder / "config" / "server.toml").write_text(LIMITS)
    server = Server(folder, {"MAX_MESSAGE_BYTES": "256KiB"})
    try:
        port = int(server.url().rpartition(":")[2])
        server.wait_for("ready")
        process = psutil.Process(server.process.pid)
        yield Target(server, port, process, process.num_fds(), process.memory_info().rss)
    finally:
        server.close()


@pytest.fixture
async def wire(target: Target) -> AsyncIterator[Wire]:
    """A way to send bytes; afterwards an honest client is still served."""
    async with contextlib.aclosing(Wire(target.port)) as opened:
        # Proves the token of this address, before a case makes the address wait.
        await honest(target.port)
        yield opened
    await honest(target.port)
