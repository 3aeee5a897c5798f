"""The production and development images, built once by the script that users call."""

import os
import socket
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD_TIMEOUT_SECONDS = 900
ENGINE_TIMEOUT_SECONDS = 120


def docker(*arguments: str, check: bool = True, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the docker command with a deadline and captured output."""
    return subprocess.run(
        ["docker", *arguments],
        capture_output=True,
        text=True,
        timeout=ENGINE_TIMEOUT_SECONDS,
        check=check,
        **options,
    )


def build(*arguments: str) -> None:
    command = [str(ROOT / "scripts" / "docker-build.sh"), *arguments]
    built = subprocess.run(
        command, capture_output=True, text=True, timeout=BUILD_TIMEOUT_SECONDS, check=False
    )
    assert built.returncode == 0, built.stderr[-4000:]


@pytest.fixture(scope="session")
def image() -> Iterator[str]:
    """The production image under a name of this run."""
    name = f"exai-mcp-server:test-{os.getpid()}"
    build("--tag", name)
    yield name
    docker("rmi", name)


@pytest.fixture(scope="session")
def development_image() -> Iterator[str]:
    name = f"exai-mcp-server:test-{os.getpid()}-development"
    build("--target", "development", "--tag", name)
    yield name
    docker("rmi", name)


@pytest.fixture(scope="session")
def files(image: str, tmp_path_factory: pytest.TempPathFactory) -> list[tarfile.TarInfo]:
    """Every file of the production image, as its file system holds it."""
    archive = tmp_path_factory.mktemp("image") / "files.tar"
    container = docker("create", image).stdout.strip()
    try:
        docker("export", "--output", str(archive), container)
    finally:
        docker("rm", container)
    with tarfile.open(archive) as tar:
        members = tar.getmembers()
    archive.unlink()
    return members


@pytest.fixture
def container(request: pytest.FixtureRequest) -> Iterator[str]:
    """A name for one container of this test; it and its volumes are removed afterwards."""
    name = f"exai-test-{os.getpid()}-{abs(hash(request.node.nodeid)) % 10**8}"
    yield name
    docker("rm", "--force", "--volumes", name, check=False)
    for volume in ("data", "logs"):
        docker("volume", "rm", f"{name}-{volume}", check=False)


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


def lines_until(stream: IO[str], word: str) -> list[str]:
    """Read lines until one holds `word`; the caller's deadline ends the process and with it the stream."""
    seen = []
    for line in stream:
        seen.append(line)
        if word in line:
            return seen
    pytest.fail(f"{word!r} never came, only: {''.join(seen)}")
