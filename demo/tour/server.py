"""The product's own process, beside the fake vendors in this one."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from demo.application import build_app
from demo.paths import GLM_PATH, KIMI_PATH

SPEED = 60.0
FIRST_SECONDS = 0.3
DETACH_AFTER = "8s"
"""Short, so that a newcomer sees a job within the minute."""
START_SECONDS = 30.0
STOP_SECONDS = 20.0

INHERITED = frozenset({"PATH", "HOME", "LANG", "VIRTUAL_ENV"})
"""Nothing else: a key of the real vendors has no business here."""

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Running:
    """Where it is, and the token it made."""

    url: str
    token: str
    token_file: Path


class StartError(Exception):
    """The server did not start; what it said."""


@contextlib.asynccontextmanager
async def vendors(speed: float = SPEED) -> AsyncIterator[str]:
    """Serve both fake vendors on a free port, at so many tokens a second; yields their address."""
    runner = web.AppRunner(build_app(speed=speed, first_seconds=FIRST_SECONDS), handler_cancellation=True)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def server(vendors_at: str, folder: Path, port: int, **variables: str) -> AsyncIterator[Running]:
    """Run `python -m app` with everything it keeps in `folder`, which is there, and these variables.

    Raises:
        StartError: it ended, or said nothing for too long.
    """
    environment = {
        **{
            name: value
            for name, value in os.environ.items()
            if name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV")
        },
        "PYTHONPATH": str(ROOT),
        "WS_PORT": str(port),
        "DATA_DIR": str(folder / "data"),
        "CONFIG_DIR": str(folder / "config"),
        "KIMI_API_KEY": "demo",
        "GLM_API_KEY": "demo",
        "KIMI_BASE_URL": f"{vendors_at}{KIMI_PATH}",
        "GLM_BASE_URL": f"{vendors_at}{GLM_PATH}",
        "DETACH_AFTER": DETACH_AFTER,
        **variables,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app", cwd=folder, env=environment, stderr=asyncio.subprocess.PIPE
    )
    said: list[str] = []
    try:
        async with asyncio.timeout(START_SECONDS):
            where = await _listening(process, said)
    except TimeoutError:
        where = None
    if where is None:
        await _end(process)
        raise StartError("".join(said) or "The server said nothing.")
    reading = asyncio.create_task(_drain(process))
    try:
        token_file = folder / "data" / "token"
        token = variables.get("AUTH_TOKEN") or token_file.read_text(encoding="ascii").strip()
        yield Running(where, token, token_file)
    finally:
        await _end(process)
        await reading


async def _listening(process: asyncio.subprocess.Process, said: list[str]) -> str | None:
    assert process.stderr is not None  # noqa: S101 - asked for above
    while line := (await process.stderr.readline()).decode():
        said.append(line)
        if line.startswith("{") and (event := json.loads(line))["event"] == "listening":
            return str(event["url"])
    return None


async def _drain(process: asyncio.subprocess.Process) -> None:
    assert process.stderr is not None  # noqa: S101 - as above
    while await process.stderr.readline():
        pass


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
