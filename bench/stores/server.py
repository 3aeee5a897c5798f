"""A PostgreSQL of Debian's packages with its default settings, on a disk, and its pgbench."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.samples import NotAnsweredError

PASSWORD = "made-up-for-the-benchmark"  # noqa: S105 - of a server that lives for a minute on loopback
USER = "exai"
START_SECONDS = 60.0
PGBENCH_GRACE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: where its programs are, and its address."""

    binaries: Path
    port: int

    @property
    def url(self) -> str:
        """The URL of its database."""
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/postgres"

    def execute(self, sql: str) -> None:
        """Run SQL with psql."""
        self._run("psql", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql)

    def transactions_per_second(self, script: Path, clients: int, seconds: int) -> float:
        """Run a script by pgbench with prepared statements."""
        out = self._run(
            "pgbench", "-n", "-M", "prepared", "-f", str(script), "-c", str(clients), "-j", "1", "-T",
            str(seconds), timeout=seconds + PGBENCH_GRACE_SECONDS,
        )  # fmt: skip
        line = next(line for line in out.splitlines() if line.startswith("tps = "))
        return float(line.split()[2])

    def _run(self, program: str, *arguments: str, timeout: float = START_SECONDS) -> str:
        where = {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": USER, "PGDATABASE": "postgres"}
        done = subprocess.run(
            [str(self.binaries / program), *arguments],
            env={**os.environ, **where, "PGPASSWORD": PASSWORD},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if done.returncode:
            raise NotAnsweredError(f"{program} failed: {done.stderr.strip().splitlines()[-1]}")
        return done.stdout


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """Run a server whose data is in this folder.

    Raises:
        NotAnsweredError: PostgreSQL is not installed here, or does not start.
    """
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not found or not (found[-1] / "pgbench").exists():
        raise NotAnsweredError("Debian's postgresql is not installed here, and pgbench comes with it")
    binaries = found[-1]
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder.mkdir(mode=0o700)
    secret = folder.with_name(f"{folder.name}.password")
    secret.write_text(PASSWORD)
    if prefix:
        for path in (folder, secret):
            shutil.chown(path, "postgres")
    subprocess.run(
        [*prefix, str(binaries / "initdb"), "-D", str(folder), "-U", USER, "-A", "scram-sha-256",
         "--pwfile", str(secret)],
        check=True, capture_output=True, cwd=folder,
    )  # fmt: skip
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    process = subprocess.Popen(
        [*prefix, str(binaries / "postgres"), "-D", str(folder), "-h", "127.0.0.1", "-p", str(port),
         "-k", str(folder)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder,
    )  # fmt: skip
    try:
        _wait(binaries, port)
        yield Server(binaries, port)
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def _wait(binaries: Path, port: int) -> None:
    give_up = time.monotonic() + START_SECONDS
    asks = [str(binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    while subprocess.run(asks, check=False).returncode:
        if time.monotonic() > give_up:
            raise NotAnsweredError(f"PostgreSQL did not start within {START_SECONDS:g} s")
        time.sleep(0.1)
