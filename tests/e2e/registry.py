"""A real image registry, `docker-registry`, from PATH or unpacked from Debian's package into the cache.

It answers on the same port of `localhost` here and on a private engine's network, from one folder: the engine
pushes and pulls there, and Pulumi's provider asks for digests here.
"""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import yaml

from tests import debian
from tests.e2e.checkout import free_port
from tests.private_engine import PrivateEngine

PACKAGE = "docker-registry"
START_SECONDS = 20
STOP_SECONDS = 10
POLL_SECONDS = 0.1


def program() -> str | None:
    """Return the command; None where it cannot be had."""
    if own := shutil.which(PACKAGE):
        return own
    try:
        return str(debian.unpacked(PACKAGE, PACKAGE) / "usr" / "bin" / PACKAGE)
    except debian.CannotBeHadError:
        return None


@contextmanager
def running(command: str, private: PrivateEngine, folder: Path) -> Iterator[str]:
    """Run it until the block ends; gives `localhost:<port>`, where it is reached here and by the engine."""
    port = free_port()
    config = folder / "registry.yml"
    config.write_text(
        yaml.safe_dump(
            {
                "version": 0.1,
                "storage": {"filesystem": {"rootdirectory": str(folder / "images")}},
                "http": {"addr": f"127.0.0.1:{port}"},
            }
        )
    )
    with ExitStack() as running:
        for inside in ((), private.inside):
            running.enter_context(_serving([*inside, command, "serve", str(config)], folder))
        _wait_for(port)
        yield f"localhost:{port}"


@contextmanager
def _serving(command: Sequence[str], folder: Path) -> Iterator[None]:
    with (folder / "registry.log").open("ab") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, f"the registry did not answer within {START_SECONDS} s"
            time.sleep(POLL_SECONDS)
        else:
            return
