"""One sample: the load generator run once against one server."""

import contextlib
import json
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.contestants import Server
from bench.dialects import Dialect

GRACE_SECONDS = 90.0
"""Above the load generator's own end, so that its sentence is what is told."""


class NotAnsweredError(Exception):
    """The server did not answer as the dialect expects; the load generator's sentence."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What was measured in one window; times in seconds, latencies in microseconds."""

    calls: int
    seconds: float
    server_cpu: float
    client_cpu: float
    last_answer: float
    machine_cpu: float
    """CPU time the whole machine spent meanwhile, ours and others'."""
    unanswered: int
    latencies_us: list[float]

    @property
    def client_share(self) -> float:
        """The part of one core the load generator used."""
        return self.client_cpu / self.seconds

    @property
    def others(self) -> float:
        """How many cores other programs kept busy meanwhile."""
        return max(0.0, self.machine_cpu - self.server_cpu - self.client_cpu) / self.seconds


class LoadGenerator:
    """Runs the compiled program on its own core."""

    def __init__(self, program: Path, core: int | None) -> None:
        self._program = program
        self._core = core

    def sample(self, server: Server, dialect: Dialect, *, text_bytes: float = 64, **options: float) -> Sample:
        """Measure one window: `connections`, `inflight`, `warmup`, `seconds`, `rate`, `calls`.

        Raises:
            NotAnsweredError: a reply was missing or not the expected one.
        """
        with tempfile.TemporaryDirectory(prefix="exai-load-") as folder:
            command = self._command(server, dialect, text_bytes, Path(folder), options)
            ended = subprocess.run(
                command, capture_output=True, text=True, timeout=GRACE_SECONDS, check=False
            )
        if ended.returncode or not ended.stdout:
            raise NotAnsweredError(_sentence(ended.stderr, server))
        sample = Sample(**json.loads(ended.stdout))
        if not sample.seconds or not sample.calls:
            raise NotAnsweredError(
                f"{server.contestant.title}: nothing was answered; is the machine this busy?"
            )
        return sample

    @contextlib.contextmanager
    def sessions(self, server: Server, dialect: Dialect, count: int) -> Iterator[float]:
        """Hold so many idle sessions open; yields the seconds it took to open them."""
        with tempfile.TemporaryDirectory(prefix="exai-load-") as folder:
            command = self._command(server, dialect, 64, Path(folder), {"connections": count, "hold": 1})
            with subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            ) as process:
                assert process.stdout is not None  # noqa: S101 - asked for above; tells mypy
                assert process.stdin is not None  # noqa: S101 - likewise
                line = process.stdout.readline()
                if not line:
                    raise NotAnsweredError(_sentence(process.communicate()[1], server))
                yield float(json.loads(line)["opening_seconds"])
                process.stdin.close()

    def _command(
        self, server: Server, dialect: Dialect, text_bytes: float, folder: Path, options: dict[str, float]
    ) -> list[str]:
        files = {
            "headers": dialect.header_lines(server.token),
            "opening": "\n".join(json.dumps(message, separators=(",", ":")) for message in dialect.opening),
            "request": dialect.request(int(text_bytes)),
        }
        for name, content in files.items():
            (folder / name).write_bytes(content.encode())
        values: dict[str, object] = {name: folder / name for name in files}
        values |= {"protocol": dialect.protocol, "port": server.port, "server": server.process.pid}
        values |= {"expect": dialect.expect, **options}
        if self._core is not None:
            values["core"] = self._core
        return [str(self._program), *(f"{name}={value}" for name, value in values.items())]


def _sentence(stderr: str, server: Server) -> str:
    told = " ".join(stderr.split()) or "the load generator ended without a word"
    if server.process.poll() is not None:
        told += f"; it has ended, and its log with: {server.complaint()}"
    return f"{server.contestant.title}: {told}"
