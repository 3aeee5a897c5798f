"""An outside witness for our WebSocket binding: the client of SDK 1.30.0, the last that had one."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.transports.server import running

REQUIREMENT = "mcp[ws]==1.30.0"
BUILD_SECONDS = 180
WITNESS_SECONDS = 60


def _build(folder: Path) -> None:
    """Make the virtual environment with uv if it is there, else with what Python brings."""
    uv = shutil.which("uv")
    python = str(folder / "bin" / "python")
    if uv is None:
        commands = [
            [sys.executable, "-m", "venv", str(folder)],
            [python, "-m", "pip", "install", "-q", REQUIREMENT],
        ]
    else:
        commands = [
            [uv, "venv", "--quiet", "--python", sys.executable, str(folder)],
            [uv, "pip", "install", "--quiet", "--python", python, REQUIREMENT],
        ]
    for command in commands:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=BUILD_SECONDS)


@pytest.fixture(scope="session")
def python() -> str:
    """The interpreter of an environment that holds SDK v1, built once and kept in the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "exai-mcp-server"
    tag = f"witness-mcp-1.30.0-py{sys.version_info.major}{sys.version_info.minor}"
    folder = cache / tag
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        cache.mkdir(parents=True, exist_ok=True)
        try:
            _build(folder)
        except (subprocess.SubprocessError, OSError) as error:
            shutil.rmtree(folder, ignore_errors=True)
            detail = getattr(error, "stderr", "") or str(error)
            pytest.skip(f"the witness ({REQUIREMENT}) could not be installed: {detail.strip()[-300:]}")
        (folder / "complete").touch()
    return str(folder / "bin" / "python")


async def test_the_last_sdk_with_a_websocket_client_works_against_ours(python: str) -> None:
    # That client cannot send a token, so the guard admits it as a client without one.
    async with running(guard={"anonymous": "witness"}) as server:
        process = await asyncio.create_subprocess_exec(
            python,
            str(Path(__file__).with_name("witness.py")),
            server.websocket_url,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(WITNESS_SECONDS):
            out, err = await process.communicate()

    assert process.returncode == 0, err.decode()
    assert json.loads(out) == {
        "revision": "2025-11-25",
        "tools": ["echo", "count", "hold", "add", "broken"],
        "echoed": "hi",
        "added": {"total": 2},
        "progress": [1, 2, 3, 4],
        "wrong": True,
        "unknown": -32602,
    }
