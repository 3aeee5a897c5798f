"""MCP Inspector's command line, installed from its lock on Node 22."""

import asyncio
import json
from pathlib import Path
from typing import Any

from scripts.bootstrap.machine import Machine
from scripts.conformance.node import package
from tests.witnesses.routes import AUTH, Served

RUN_SECONDS = 60.0
TOOL_ERROR = 5
NOT_ADMITTED = 3
"""Exit codes of the Inspector's command line."""


class Inspector:
    """Runs one command against a server; installed when made.

    Raises:
        Refusal: the npm registry does not answer.
    """

    def __init__(self, folder: Path) -> None:
        machine = Machine.this()
        self._node, self._package = package(machine, "inspector")
        # It asks the desktop's keychain otherwise, which a test machine does not have.
        home = {"HOME": str(folder), "MCP_INSPECTOR_SECRET_STORE": "memory"}
        self._environ = self._node.environ(machine) | home
        self._config = folder / "inspector.json"

    async def run(self, server: dict[str, Any], *arguments: str) -> tuple[int, Any]:
        """Return the exit code and the JSON it printed, None when it printed none."""
        self._config.write_text(json.dumps({"mcpServers": {"ours": server}}))
        process = await asyncio.create_subprocess_exec(
            *self._node.command(self._package, "mcp-inspector"),
            "--cli", "--config", str(self._config), "--server", "ours", "--format", "json", *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._environ,
        )  # fmt: skip
        try:
            async with asyncio.timeout(RUN_SECONDS):
                out, err = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode is not None
        try:
            return process.returncode, json.loads(out)
        except ValueError:
            return process.returncode, err.decode()


def by_http(served: Served, era: str) -> dict[str, Any]:
    return {"type": "http", "url": served.url, "headers": AUTH, "protocolEra": era}


def by_bridge(served: Served, era: str) -> dict[str, Any]:
    command, *arguments = served.bridge
    return {
        "type": "stdio",
        "command": command,
        "args": arguments,
        "env": served.bridge_environ,
        "protocolEra": era,
    }
