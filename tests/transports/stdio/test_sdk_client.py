"""The official SDK's client over its own stdio transport, against both forms of ours."""

import sys
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters

from tests.transports.stdio.peers import TOKENS, FixtureServer, environment

TOOL = {"embedded": "listmodels", "bridge": "note"}


@pytest.fixture(params=TOOL)
async def form(request: pytest.FixtureRequest, remote: FixtureServer) -> str:
    if request.param == "bridge":
        await remote.start()
    name: str = request.param
    return name


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_the_sdk_client_lists_and_calls_the_tools(
    form: str, mode: str, remote: FixtureServer, tmp_path: Path
) -> None:
    arguments = ["-m", "app", "stdio", *(["--url", remote.url] if form == "bridge" else [])]
    parameters = StdioServerParameters(
        command=sys.executable, args=arguments, env=environment(**TOKENS), cwd=tmp_path
    )
    async with Client(parameters, mode=mode, read_timeout_seconds=30) as client:
        tools = {tool.name for tool in (await client.list_tools()).tools}
        result = await client.call_tool(TOOL[form], {"text": "hello"} if form == "bridge" else {})

        assert TOOL[form] in tools
        assert not result.is_error
        assert result.content


async def test_the_sdk_client_does_not_notice_that_the_server_was_replaced(
    remote: FixtureServer, tmp_path: Path
) -> None:
    await remote.start()
    parameters = StdioServerParameters(
        command=sys.executable,
        args=["-m", "app", "stdio", "--url", remote.url],
        env=environment(**TOKENS),
        cwd=tmp_path,
    )
    async with Client(parameters, mode="legacy", read_timeout_seconds=30) as client:
        for number in range(4):
            result = await client.call_tool("note", {"text": f"n{number}"})
            assert not result.is_error
            await remote.kill()
            await remote.start()

    assert remote.runs == [f"n{number}" for number in range(4)]
