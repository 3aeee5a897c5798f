"""Our server as it ships, against the fake vendors, on a store of the benchmark's."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.contestants import PASSED_ON, ROOT
from bench.samples import NotAnsweredError
from demo.paths import GLM_PATH, KIMI_PATH

TOKEN = "a-token-of-the-benchmark"  # noqa: S105 - of a server that lives for a minute on loopback
START_SECONDS = 60.0
STOP_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Server:
    """Where it is, and its process."""

    url: str
    process: psutil.Process

    @property
    def cpu_seconds(self) -> float:
        """CPU time it has used so far."""
        times = self.process.cpu_times()
        return float(times.user + times.system)


@asynccontextmanager
async def running(folder: Path, vendors: str, settings: Mapping[str, str]) -> AsyncIterator[Server]:
    """Run `python -m app` with everything it keeps in `folder`; ready when this yields.

    Raises:
        NotAnsweredError: it did not become ready.
    """
    inherited = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    environment = {
        **inherited,
        "PYTHONPATH": str(ROOT),
        "WS_PORT": "0",
        "AUTH_TOKEN": TOKEN,
        "DATA_DIR": str(folder / "data"),
        "CONFIG_DIR": str(folder / "config"),
        "KIMI_API_KEY": "made-up-key",
        "GLM_API_KEY": "made-up-key",
        "KIMI_BASE_URL": f"{vendors}{KIMI_PATH}",
        "GLM_BASE_URL": f"{vendors}{GLM_PATH}",
        **settings,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app", cwd=folder, env=environment, stderr=asyncio.subprocess.PIPE
    )
    reading: asyncio.Task[None] | None = None
    try:
        url = await _ready(process)
        reading = asyncio.create_task(_drain(process))
        yield Server(url, psutil.Process(process.pid))
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()
        if reading is not None:
            await reading


async def _ready(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None  # noqa: S101 - asked for above
    url, said = "", []
    try:
        async with asyncio.timeout(START_SECONDS):
            async for line in process.stderr:
                said.append(line.decode())
                event = json.loads(line) if line.startswith(b"{") else {}
                url = str(event.get("url", url))
                if event.get("event") == "ready":
                    return url
    except TimeoutError:
        pass
    raise NotAnsweredError(f"this server did not become ready: {''.join(said)[-1000:].strip()}")


async def _drain(process: asyncio.subprocess.Process) -> None:
    assert process.stderr is not None  # noqa: S101 - as above
    async for _ in process.stderr:
        pass
