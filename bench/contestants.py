"""The servers under test, each a process of its own on one core, started fresh."""

import contextlib
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
BACKLOG = 1024
STOP_SECONDS = 10.0
CONFIGURATION = "[limits]\nsockets = 5000\nconnections = 5000\nconnections_per_client = 5000\n"
"""server.toml of our server: 2,000 sessions of one client are above the defaults; all else is as it ships."""
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV")
"""What a server gets of our environment: nothing that could configure it."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """A server: `module` runs it, `title` names it in the tables."""

    module: str
    title: str


ECHO = Contestant("bench.servers.echo", "bare aiohttp")
PRODUCT = Contestant("bench.servers.product", "this server")
UNWATCHED = Contestant("bench.servers.unwatched", "this server, unwatched")
SDK = Contestant("bench.servers.sdk", "MCP SDK v2, uvicorn")


@dataclass(slots=True)
class Server:
    """A server process that was started; it may not be up yet, its port takes connections already."""

    contestant: Contestant
    process: "subprocess.Popen[bytes]"
    port: int
    token: str
    began: float
    """When it was started, on the monotonic clock."""
    pauses: Path
    errors: IO[bytes]

    @property
    def resident_kib(self) -> int:
        """Memory of the process that is in RAM, in KiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])

    def complaint(self) -> str:
        """Return the last lines the server wrote to stderr."""
        self.errors.seek(0)
        return self.errors.read()[-1000:].decode(errors="replace").strip()


@contextlib.contextmanager
def started(contestant: Contestant, core: int | None, *, pauses: bool = False) -> Iterator[Server]:
    """Start a server with an empty folder of its own, and end it afterwards."""
    with tempfile.TemporaryDirectory(prefix="exai-bench-") as folder, contextlib.ExitStack() as stack:
        (Path(folder) / "config").mkdir()
        (Path(folder) / "config" / "server.toml").write_text(CONFIGURATION)
        errors = stack.enter_context((Path(folder) / "stderr").open("w+b"))
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=BACKLOG))
        token = secrets.token_hex(16)
        recorded = Path(folder) / "pauses"
        command = [sys.executable, "-m", contestant.module, "--listener", str(listener.fileno())]
        command += ["--token", token, *(["--core", str(core)] if core is not None else [])]
        command += ["--pauses", str(recorded)] if pauses else []
        began = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=_environment(token, folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            pass_fds=[listener.fileno()],
        )
        stack.callback(_end, process)
        port = listener.getsockname()[1]
        # Only the server holds it now: when that ends, connections are refused instead of left waiting.
        listener.close()
        yield Server(contestant, process, port, token, began, recorded, errors)


def _environment(token: str, folder: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    settings = {"AUTH_TOKEN": token, "DATA_DIR": f"{folder}/data", "LOG_DIR": f"{folder}/logs"}
    return kept | settings | {"PYTHONPATH": str(ROOT)}


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
