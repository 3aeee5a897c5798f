"""Tools that become tasks (extension io.modelcontextprotocol/tasks)."""

import asyncio
from typing import Any

from pydantic import BaseModel

from app.protocol.errors import ProtocolError
from app.protocol.tools import Call, Tool, ToolResult, text
from tests.conformance.fixture_server import content
from tests.conformance.fixture_server.questions import STRING, elicitation
from tests.conformance.fixture_server.simple_tools import Nothing, plain

FAILING_SECONDS = 1.0
"""How long the suite wants `failing_job` to work before it fails."""


class Name(BaseModel):
    name: str


class Work(BaseModel):
    seconds: float = 1.0
    label: str = ""


class File(BaseModel):
    filename: str


async def _greet(_call: Call, arguments: Name) -> ToolResult:
    return content.said(f"Hello, {arguments.name}!")


async def _slow_compute(call: Call, arguments: Work) -> ToolResult:
    await call.detach()
    await asyncio.sleep(arguments.seconds)
    return content.said(f"{arguments.label} took {arguments.seconds:g} s.")


async def _failing_job(call: Call, _arguments: Nothing) -> ToolResult:
    await call.detach(required=True)
    await asyncio.sleep(FAILING_SECONDS)
    return ToolResult([text("This job always fails.")], is_error=True)


async def _protocol_error_job(call: Call, _arguments: Nothing) -> ToolResult:
    await call.detach(required=True)
    raise ProtocolError("This job always breaks.")


async def _confirm_delete(call: Call, arguments: File) -> ToolResult:
    await call.detach()
    question = elicitation(f"Delete {arguments.filename}?", {"confirm": {"type": "boolean"}})
    answer = (await call.ask({"confirm": question}))["confirm"]
    return content.said(f"{arguments.filename}: {answer.get('action')}")


async def _multi_input(call: Call, _arguments: Nothing) -> ToolResult:
    await call.detach()
    answers = await call.ask(
        {
            "name": elicitation("What is your name?", {"name": STRING}),
            "color": elicitation("What is your favorite color?", {"color": STRING}),
        }
    )
    return content.said(f"{len(answers)} answers came.")


async def _asks_then_works(call: Call, _arguments: Nothing) -> ToolResult:
    """Ask before the call becomes a task, then answer as one."""
    asked = await call.ask({"user_name": elicitation("What is your name?", {"name": STRING})})
    await call.detach(required=True)
    return content.said(f"Hello, {asked['user_name'].get('content', {}).get('name')}!")


def tools() -> list[Tool[Any]]:
    described = "Fixture of the official conformance suite."
    return [
        Tool("greet", "Greet", described, Name, _greet),
        Tool("slow_compute", "Slow", described, Work, _slow_compute),
        plain("failing_job", _failing_job),
        plain("protocol_error_job", _protocol_error_job),
        Tool("confirm_delete", "Delete", described, File, _confirm_delete),
        plain("multi_input", _multi_input),
        plain("test_tool_with_task", _asks_then_works),
    ]
