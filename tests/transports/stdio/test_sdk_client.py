"""The official SDK's client over its own stdio transport, against both forms of ours."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters

from tests.transports.server import TOKEN
from tests.transports.stdio.peers import TOKENS, WAIT_SECONDS, FixtureServer, environment


@dataclass
class Form:
    """How a client starts it, and what it may call there."""

    arguments: list[str]
    tool: str
    tool_arguments: dict[str, str]


@asynccontextmanager
async def product(port: int, folder: Path) -> AsyncIterator[None]:
    """Run the real server."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app"),
        cwd=folder,
        env=environment(WS_PORT=str(port), AUTH_TOKEN=TOKEN),
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    async with asyncio.timeout(WAIT_SECONDS):
        while b'"listening"' not in (line := await process.stderr.readline()):
            assert line, "the server ended before it listened"
    yield
    process.terminate()
    await process.communicate()

    assert process.returncode == 0


@pytest.fixture(params=["embedded", "bridge", "bridge to the product"])
async def form(request: pytest.FixtureRequest, remote: FixtureServer, tmp_path: Path) -> AsyncIterator[Form]:
    url = ["--url", remote.url]
    match request.param:
        case "embedded":
            yield Form([], "listmodels", {})
        case "bridge":
            await remote.start()
            yield Form(url, "note", {"text": "hello"})
        case _:
            async with product(int(remote.url.split(":")[2].removesuffix("/mcp")), tmp_path):
                yield Form(url, "status", {})


def parameters(folder: Path, *arguments: str) -> StdioServerParameters:
    return StdioServerParameters(
        command=sys.executable,
        args=["-m", "app", "stdio", *arguments],
        env=environment(**TOKENS),
        cwd=folder,
    )


@pytest.mark.parametrize("mode", ["legacy", "auto", "2026-07-28"])
async def test_the_sdk_client_lists_and_calls_the_tools(form: Form, mode: str, tmp_path: Path) -> None:
    async with Client(parameters(tmp_path, *form.arguments), mode=mode, read_timeout_seconds=30) as client:
        tools = {tool.name for tool in (await client.list_tools()).tools}
        result = await client.call_tool(form.tool, form.tool_arguments)

        assert client.protocol_version == ("2025-11-25" if mode == "legacy" else "2026-07-28")
        assert form.tool in tools
        assert not result.is_error
        assert result.content


async def test_the_sdk_client_does_not_notice_that_the_server_was_replaced(
    remote: FixtureServer, tmp_path: Path
) -> None:
    await remote.start()
    started = parameters(tmp_path, "--url", remote.url)
    async with Client(started, mode="legacy", read_timeout_seconds=30) as client:
        for number in range(4):
            result = await client.call_tool("note", {"text": f"n{number}"})
            assert not result.is_error
            await remote.kill()
            await remote.start()

    assert remote.runs == [f"n{number}" for number in range(4)]
