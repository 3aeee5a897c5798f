"""The official SDK's client uses everything the fixture server offers, in all its modes, over every route."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import mcp_types as types
import pytest
from mcp import Client, MCPError
from mcp.client.subscriptions import ToolsListChanged
from mcp.shared.exceptions import MCPDeprecationWarning

from tests.witnesses.routes import Served, over_bridge, over_http, over_websocket

STATELESS = "2026-07-28"
SPOKEN = {"legacy": "2025-11-25", "auto": STATELESS, STATELESS: STATELESS}
"""The revision each mode must end up with: the newest of its era."""

Route = Callable[[Served], AbstractAsyncContextManager[Any]]


WAYS = [
    pytest.param((route, mode), id=f"{route.__name__}-{mode}")
    for route, modes in ((over_http, SPOKEN), (over_websocket, SPOKEN), (over_bridge, ("legacy", "auto")))
    for mode in modes
]
"""Over the bridge, each of whose tests starts a process, each era once."""


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> tuple[Route, str]:
    chosen: tuple[Route, str] = request.param
    return chosen


@pytest.fixture(params=[over_http, over_websocket, over_bridge])
def route(request: pytest.FixtureRequest) -> Route:
    chosen: Route = request.param
    return chosen


@pytest.fixture
def mode(way: tuple[Route, str]) -> str:
    return way[1]


@pytest.fixture
def connect(way: tuple[Route, str], served: Served) -> Callable[..., Client]:
    # Entered in the test's own task: the client's cancel scopes must be left where they were entered.
    return lambda **more: Client(way[0](served), mode=way[1], read_timeout_seconds=20, **more)


async def test_each_mode_ends_up_with_the_newest_revision_of_its_era(
    connect: Callable[..., Client], mode: str
) -> None:
    async with connect() as client:
        await client.list_tools()

        assert client.protocol_version == SPOKEN[mode]


async def test_prompts_are_listed_and_filled_in(connect: Callable[..., Client]) -> None:
    async with connect() as client:
        listed = await client.list_prompts()
        filled = await client.get_prompt("test_prompt_with_arguments", {"arg1": "a", "arg2": "b"})

        assert "test_simple_prompt" in [prompt.name for prompt in listed.prompts]
        assert filled.messages[0].content.text == "Prompt with arguments: arg1='a', arg2='b'"  # type: ignore[union-attr]  # a text block, as the fixture answers


async def test_resources_are_listed_and_read_as_text_and_as_bytes(connect: Callable[..., Client]) -> None:
    async with connect() as client:
        listed = await client.list_resources()
        templates = await client.list_resource_templates()
        read = [
            (await client.read_resource(uri)).contents[0]
            for uri in ("test://static-text", "test://static-binary", "test://template/7/data")
        ]

        assert len(listed.resources) == 3
        assert [template.uri_template for template in templates.resource_templates] == [
            "test://template/{id}/data"
        ]
        assert isinstance(read[0], types.TextResourceContents)
        assert isinstance(read[1], types.BlobResourceContents)
        assert isinstance(read[2], types.TextResourceContents)
        assert '"id":"7"' in read[2].text


async def test_a_resource_that_is_not_there_has_the_code_of_its_revision(
    connect: Callable[..., Client], mode: str
) -> None:
    async with connect() as client:
        with pytest.raises(MCPError) as caught:
            await client.read_resource("test://nowhere")

        assert caught.value.error.code == (-32002 if mode == "legacy" else -32602)


async def test_arguments_are_completed(connect: Callable[..., Client]) -> None:
    async with connect() as client:
        reference = types.PromptReference(type="ref/prompt", name="test_prompt_with_arguments")
        completed = await client.complete(reference, {"name": "arg1", "value": "par"})

        assert completed.completion.values == ["paris", "park", "party"]


async def test_a_question_to_a_person_is_asked_and_answered(connect: Callable[..., Client]) -> None:
    asked: list[str] = []

    async def answer(_context: Any, params: Any) -> types.ElicitResult:
        asked.append(params.message)
        return types.ElicitResult(action="accept", content={"name": "Ada"})

    async with connect(elicitation_callback=answer) as client:
        result = await client.call_tool("test_input_required_result_elicitation", {})

        assert result.content[0].text == "Hello, Ada!"  # type: ignore[union-attr]  # a text block
        assert asked == ["What is your name?"]


async def test_questions_in_rounds_are_all_asked_once(connect: Callable[..., Client]) -> None:
    asked: list[str] = []

    async def answer(_context: Any, params: Any) -> types.ElicitResult:
        asked.append(params.message)
        return types.ElicitResult(action="accept", content={"name": "Ada", "color": "green"})

    async with connect(elicitation_callback=answer) as client:
        result = await client.call_tool("test_input_required_result_multi_round", {})

        assert result.content[0].text == "Ada likes green"  # type: ignore[union-attr]  # a text block
        assert asked == ["Step 1: What is your name?", "Step 2: What is your favorite color?"]


async def test_the_clients_model_is_asked(connect: Callable[..., Client]) -> None:
    async def sample(_context: Any, _params: Any) -> types.CreateMessageResult:
        return types.CreateMessageResult(
            role="assistant", content=types.TextContent(type="text", text="Paris"), model="made-up"
        )

    async with connect(sampling_callback=sample) as client:
        result = await client.call_tool("test_input_required_result_sampling", {})

        assert result.content[0].text == "Paris"  # type: ignore[union-attr]  # a text block


async def test_a_client_that_cannot_be_asked_is_told_what_it_lacks(connect: Callable[..., Client]) -> None:
    async with connect() as client:
        with pytest.raises(MCPError) as caught:
            await client.call_tool("test_missing_capability", {})

        assert caught.value.error.code == -32021
        assert caught.value.error.data == {"requiredCapabilities": {"sampling": {}}}


async def test_progress_reaches_the_client_in_order(connect: Callable[..., Client]) -> None:
    seen: list[float] = []

    async def reported(progress: float, total: float | None, message: str | None) -> None:
        del total, message
        seen.append(progress)

    async with connect() as client:
        await client.call_tool("test_tool_with_progress", {}, progress_callback=reported)

        assert seen == [0, 50, 100]


async def test_log_messages_come_to_whoever_asked_for_them(connect: Callable[..., Client]) -> None:
    heard: list[Any] = []

    async def hear(params: types.LoggingMessageNotificationParams) -> None:
        heard.append(params.data)

    async with connect(logging_callback=hear, log_level="info") as client:
        await client.call_tool("test_tool_with_logging", {})

        assert heard == ["Tool execution started", "Tool processing data", "Tool execution completed"]


async def test_a_listening_client_is_told_that_the_tools_changed(route: Route, served: Served) -> None:
    async with (
        Client(route(served), mode=STATELESS, read_timeout_seconds=20) as client,
        client.listen(tools_list_changed=True) as subscription,
    ):
        await client.call_tool("test_trigger_tool_change", {})
        event = await anext(aiter(subscription))

        assert isinstance(event, ToolsListChanged)


async def test_a_resource_is_subscribed_to_and_left_in_the_handshake_era(
    route: Route, served: Served
) -> None:
    async with Client(route(served), mode="legacy", read_timeout_seconds=20) as client:
        with pytest.warns(MCPDeprecationWarning):
            await client.subscribe_resource("test://watched-resource")
        with pytest.warns(MCPDeprecationWarning):
            await client.unsubscribe_resource("test://watched-resource")
