"""Every MCP request is measured, whatever becomes of it, under labels that nobody can make up."""

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel

from app.protocol.dispatcher import Dispatcher
from app.protocol.tools import Call, Tool, ToolResult, text
from app.telemetry import metrics
from app.telemetry.mcp_operations import McpOperations
from app.telemetry.tallies import Tallies
from tests.protocol.conversation import Conversation

Counts = dict[tuple[str, ...], int]


class Anything(BaseModel):
    how: str = "well"


async def act(call: Call, arguments: Anything) -> ToolResult:
    match arguments.how:
        case "badly":
            raise ZeroDivisionError
        case "not":
            return ToolResult([text("no")], is_error=True)
        case "asking":
            await call.ask({"name": {"method": "elicitation/create", "params": {}}})
        case "forever":
            await asyncio.Event().wait()
    return ToolResult([text("yes")])


@pytest.fixture
def tallies() -> Tallies:
    return Tallies()


@pytest.fixture
def dispatcher(tallies: Tallies) -> Dispatcher:
    tool = Tool("act", "Act", "Acts.", Anything, act)
    return Dispatcher(
        name="t", version="1", instructions="", tools=[tool], meter=McpOperations(tallies, ["act"])
    )


def counts(tallies: Tallies) -> Counts:
    rows = tallies.distribution(metrics.OPERATIONS).rows
    return {labels: int(sum(row[:-1])) for labels, row in rows.items() if sum(row[:-1])}


def call(how: str, name: Any = "act") -> dict[str, Any]:
    return {"name": name, "arguments": {"how": how}}


@pytest.mark.parametrize("revision", ["2025-06-18", "2026-07-28"])
async def test_a_call_counts_under_its_tool_and_outcome(
    tallies: Tallies, dispatcher: Dispatcher, revision: str
) -> None:
    client = Conversation(dispatcher, revision)
    for how in ("well", "well", "not"):
        await client.result("tools/call", call(how))

    found = counts(tallies)
    assert found[("tools/call", "act", "")] == 2
    assert found[("tools/call", "act", "tool_error")] == 1


@pytest.mark.parametrize(
    ("params", "tool", "error"),
    [
        (call("badly"), "act", "-32603"),
        (call("well", "made-up-by-a-stranger"), "", "-32602"),
        (call("well", ["a list"]), "", "-32602"),
        ({"name": "act", "arguments": 3}, "act", "-32602"),
        ({}, "", "-32602"),
    ],
)
async def test_a_failure_counts_under_its_code_and_a_made_up_name_is_no_label(
    tallies: Tallies, dispatcher: Dispatcher, params: dict[str, Any], tool: str, error: str
) -> None:
    client = Conversation(dispatcher)

    await client.post("tools/call", params).reply

    assert counts(tallies) == {("tools/call", tool, error): 1}


async def test_a_question_to_the_client_is_no_error(tallies: Tallies, dispatcher: Dispatcher) -> None:
    client = Conversation(dispatcher, capabilities={"elicitation": {}})

    reply = await client.post("tools/call", call("asking")).reply

    assert reply is not None
    assert reply["result"]["resultType"] == "input_required"
    assert counts(tallies) == {("tools/call", "act", ""): 1}


async def test_a_cancelled_call_counts_as_such(tallies: Tallies, dispatcher: Dispatcher) -> None:
    client = Conversation(dispatcher)
    mailbox = client.post("tools/call", call("forever"))
    await asyncio.sleep(0)

    client.session.abandon()
    await mailbox.reply

    assert counts(tallies) == {("tools/call", "act", "cancelled"): 1}


async def test_methods_that_answer_at_once_are_measured_and_endless_ones_are_not(
    tallies: Tallies, dispatcher: Dispatcher
) -> None:
    client = Conversation(dispatcher, "2025-06-18")
    await client.result("tools/list")
    await client.post("tools/list", {"cursor": "made up"}).reply
    listening = Conversation(dispatcher)
    listening.post("subscriptions/listen", {"notifications": {}})
    await asyncio.sleep(0)
    listening.session.abandon()
    await asyncio.sleep(0)

    assert counts(tallies) == {
        ("initialize", "", ""): 1,
        ("tools/list", "", ""): 1,
        ("tools/list", "", "-32602"): 1,
    }


async def test_what_is_answered_with_an_error_at_once_is_counted_by_its_code(dispatcher: Dispatcher) -> None:
    client = Conversation(dispatcher)
    for method in ("made/up", "other/made-up"):
        await client.post(method).reply

    assert dict(dispatcher.rejected) == {-32601: 2}
