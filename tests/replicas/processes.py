"""Replicas as processes, started as a user starts the server, on one state key and one Redis."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(__file__).with_name("replica_process.py")
TOKEN = "a-token-made-up-for-tests"
START_SECONDS = 60


class Process:
    """One replica."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.url = ""
        self.said: list[str] = []
        self._process = process
        self._listening = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    async def listening(self) -> None:
        async with asyncio.timeout(START_SECONDS):
            await self._listening.wait()
        assert self.url, "".join(self.said)

    async def stopped(self) -> int:
        """Ask it to stop, as an update does, and return its exit code."""
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(START_SECONDS):
            code = await self._process.wait()
            await self._reading
        return code

    async def killed(self) -> None:
        """End it without a warning, as a machine that fails does."""
        self._process.kill()
        await self._process.wait()

    async def close(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        await self._reading

    async def _read(self) -> None:
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            self.said.append(line.decode())
            if line.startswith(b"{") and (said := json.loads(line))["event"] == "listening":
                self.url = said["url"]
                self._listening.set()
        self._listening.set()


@asynccontextmanager
async def process(
    folder: Path, redis_url: str, state_key: str = "one-state-key-of-all-the-replicas"
) -> AsyncIterator[Process]:
    """Run one replica in a folder of its own."""
    await asyncio.to_thread(folder.mkdir)
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "WS_PORT": "0",
        "AUTH_TOKEN": TOKEN,
        "STATE_KEY": state_key,
        "REDIS_URL": redis_url,
    }
    started = await asyncio.create_subprocess_exec(
        sys.executable, str(PROGRAM), cwd=folder, env=environ, stderr=asyncio.subprocess.PIPE, limit=2**20
    )
    replica = Process(started)
    try:
        await replica.listening()
        yield replica
    finally:
        await replica.close()
