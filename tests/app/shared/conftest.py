"""A real Redis for the shared state: from the engine, or Debian's binary."""

import os
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest

from app import contract
from app.settings import Secret
from app.shared import Shared
from app.shared.fallback import Fallback
from app.shared.in_process import InProcess
from app.shared.redis import RedisShared

START_SECONDS = 30
PASSWORD = "made-up-for-tests"
IMAGE = os.environ.get("REDIS_IMAGE") or contract.IMAGES["redis"]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def have_image() -> bool:
    if shutil.which("docker") is None:
        return False
    return (
        subprocess.run(["docker", "image", "inspect", IMAGE], capture_output=True, check=False).returncode
        == 0
    )


def wait_until_it_answers(port: int) -> None:
    give_up = time.monotonic() + START_SECONDS
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                connection.sendall(f"AUTH {PASSWORD}\r\nPING\r\n".encode())
                if b"+OK" in connection.recv(64):
                    return
        except OSError:
            pass
        if time.monotonic() > give_up:
            raise RuntimeError(f"Redis did not answer within {START_SECONDS} s")
        time.sleep(0.05)  # another process starts; there is no event to await


@contextmanager
def running(port: int) -> Iterator[None]:
    """Run one Redis on this port until the block ends."""
    if have_image():
        name = f"exai-test-redis-{uuid.uuid4().hex[:8]}"
        subprocess.run(
            ["docker", "run", "--detach", "--rm", "--name", name, "--publish", f"127.0.0.1:{port}:6379",
             IMAGE, "redis-server", "--requirepass", PASSWORD, "--save", ""],
            check=True, capture_output=True,
        )  # fmt: skip
        try:
            wait_until_it_answers(port)
            yield
        finally:
            subprocess.run(["docker", "rm", "--force", "--volumes", name], check=True, capture_output=True)
        return
    process = subprocess.Popen(
        ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--requirepass", PASSWORD, "--save", ""],
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_until_it_answers(port)
        yield
    finally:
        process.terminate()
        process.wait(timeout=START_SECONDS)


@pytest.fixture(scope="session")
def redis_available() -> None:
    if not have_image() and shutil.which("redis-server") is None:
        pytest.skip(f"no Redis: neither the image {IMAGE} nor redis-server on PATH is here")


@pytest.fixture(scope="session")
def redis_url(redis_available: None) -> Iterator[str]:  # noqa: ARG001 - it skips where there is none
    """A running Redis of its own."""
    port = free_port()
    with running(port):
        yield f"redis://:{PASSWORD}@127.0.0.1:{port}/0"


@pytest.fixture(params=["in-process", "redis", "redis with its fallback"])
async def shared(request: pytest.FixtureRequest) -> AsyncIterator[Shared]:
    state: Shared
    if request.param == "in-process":
        state = InProcess()
    else:
        state = RedisShared(Secret(request.getfixturevalue("redis_url")))
        if "fallback" in request.param:
            state = Fallback(state)
    await state.open()
    yield state
    await state.close()


@pytest.fixture
def key() -> str:
    return uuid.uuid4().hex
