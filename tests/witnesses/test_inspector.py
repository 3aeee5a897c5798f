"""MCP Inspector's command line works against ours, in both eras, over HTTP and over the stdio bridge."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.bootstrap.refusal import Refusal
from scripts.conformance.targets import product
from tests.witnesses.inspector import NOT_ADMITTED, TOOL_ERROR, Inspector, by_bridge, by_http
from tests.witnesses.routes import Served

Entry = Callable[[Served, str], dict[str, Any]]


@pytest.fixture
def inspector(tmp_path: Path) -> Inspector:
    try:
        return Inspector(tmp_path)
    except Refusal as refusal:
        pytest.skip(f"the Inspector is not here: {refusal}")


@pytest.fixture(params=[by_http, by_bridge])
def entry(request: pytest.FixtureRequest) -> Entry:
    chosen: Entry = request.param
    return chosen


@pytest.fixture(params=["legacy", "modern"])
def server(request: pytest.FixtureRequest, entry: Entry, served: Served) -> dict[str, Any]:
    return entry(served, request.param)


async def test_it_lists_the_tools_and_finds_no_fault_in_their_schemas(
    inspector: Inspector, server: dict[str, Any]
) -> None:
    code, said = await inspector.run(server, "--method", "tools/list", "--strict")

    assert code == 0, said
    assert "greet" in [tool["name"] for tool in said["result"]["tools"]]


async def test_it_calls_a_tool(inspector: Inspector, server: dict[str, Any]) -> None:
    code, said = await inspector.run(
        server, "--method", "tools/call", "--tool-name", "greet", "--tool-arg", "name=World"
    )

    assert code == 0, said
    assert said["result"]["content"] == [{"type": "text", "text": "Hello, World!"}]


async def test_it_tells_a_tool_that_failed_by_its_exit_code(
    inspector: Inspector, server: dict[str, Any]
) -> None:
    code, said = await inspector.run(server, "--method", "tools/call", "--tool-name", "test_error_handling")

    assert code == TOOL_ERROR, said


async def test_it_reads_a_resource_and_fills_in_a_prompt(
    inspector: Inspector, server: dict[str, Any]
) -> None:
    code, read = await inspector.run(server, "--method", "resources/read", "--uri", "test://template/7/data")
    assert code == 0, read
    code, filled = await inspector.run(
        server, "--method", "prompts/get", "--prompt-name", "test_prompt_with_arguments",
        "--prompt-args", "arg1=a", "arg2=b",
    )  # fmt: skip
    assert code == 0, filled

    assert '"id":"7"' in read["result"]["contents"][0]["text"]
    assert filled["result"]["messages"][0]["content"]["text"].endswith("arg1='a', arg2='b'")


@pytest.mark.parametrize("era", ["legacy", "modern"])
async def test_it_finds_no_fault_in_the_products_schemas(inspector: Inspector, era: str) -> None:
    async with product() as url:
        server = {"type": "http", "url": url, "protocolEra": era}
        code, said = await inspector.run(server, "--method", "tools/list", "--strict")

    assert code == 0, said
    assert said["result"]["tools"]


async def test_a_wrong_token_is_told_as_such(inspector: Inspector, served: Served) -> None:
    wrong = by_http(served, "legacy") | {"headers": {"Authorization": "Bearer wrong"}}
    code, said = await inspector.run(wrong, "--method", "tools/list")

    assert code == NOT_ADMITTED, said
