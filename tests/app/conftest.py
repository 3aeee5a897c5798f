"""The real process, started as a user starts it, on a free port."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

DEADLINE_SECONDS = 30
TOKEN = "a-token-made-up-for-tests"
ROOT = Path(__file__).resolve().parents[2]


class Server:
    """One `python -m app`; `wait_for` follows its JSON log lines."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        inherited = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "WS_PORT": "0", "AUTH_TOKEN": TOKEN}
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app"],
            cwd=folder,
            env={**inherited, **environ},
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self._queue: Queue[str | None] = Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._queue.put(line)
        self._queue.put(None)

    def wait_for(self, event: str) -> dict[str, Any]:
        """Return the log line of this event, failing with all that was said when it never comes."""
        while (line := self._queue.get(timeout=DEADLINE_SECONDS)) is not None:
            self.lines.append(line)
            if line.startswith("{") and (found := json.loads(line))["event"] == event:
                return dict(found)
        raise AssertionError(f"the server ended without saying {event!r}:\n{''.join(self.lines)}")

    def url(self) -> str:
        """Wait until it listens; return `http://127.0.0.1:PORT`."""
        return str(self.wait_for("listening")["url"]).removesuffix("/mcp")

    def signal(self, number: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    def ended(self) -> tuple[int, str]:
        """Wait for its end; return the exit code and everything it said."""
        code = self.process.wait(timeout=DEADLINE_SECONDS)
        while (line := self._queue.get(timeout=DEADLINE_SECONDS)) is not None:
            self.lines.append(line)
        return code, "".join(self.lines)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(timeout=DEADLINE_SECONDS)
        self._reader.join(timeout=DEADLINE_SECONDS)
        assert self.process.stderr is not None
        self.process.stderr.close()


Start = Callable[..., Server]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start servers with the variables given; they are ended with the test."""
    servers: list[Server] = []

    def run(**environ: str) -> Server:
        servers.append(Server(tmp_path, environ))
        return servers[-1]

    yield run
    for server in servers:
        server.close()
