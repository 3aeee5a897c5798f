"""The tools both servers offer: one set of schemas, one function for each, so that only the cores differ."""

import asyncio
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.protocol.tools import Call, Tool, ToolResult, text

FILLERS = 60
"""Enough for the list of tools to need a second page."""


class Nothing(BaseModel):
    pass


class Echo(BaseModel):
    model_config = ConfigDict(extra="forbid")
    text: str
    manner: Literal["plain", "loud"] = "plain"


class Point(BaseModel):
    x: float
    y: float


class Measure(BaseModel):
    """Every kind of constraint a schema of ours may hold."""

    model_config = ConfigDict(extra="forbid")
    points: Annotated[list[Point], Field(min_length=1, max_length=4)]
    scale: Annotated[int, Field(ge=1, le=10)] = 1
    exact: bool = False
    note: Annotated[str, Field(max_length=8)] | None = None


class Steps(BaseModel):
    steps: Annotated[int, Field(ge=0, le=5)] = 3


class Sum(BaseModel):
    total: int


async def _echo(_call: Call, arguments: Echo) -> ToolResult:
    return ToolResult([text(arguments.text.upper() if arguments.manner == "loud" else arguments.text)])


async def _measure(_call: Call, arguments: Measure) -> ToolResult:
    return ToolResult([text(f"{len(arguments.points)} points")])


async def _count(call: Call, arguments: Steps) -> ToolResult:
    for step in range(1, arguments.steps + 1):
        await call.progress(step, arguments.steps)
    return ToolResult([text("counted")])


async def _add(_call: Call, arguments: Steps) -> ToolResult:
    return ToolResult([], structured={"total": arguments.steps + 1})


async def _hold(call: Call, _arguments: Nothing) -> ToolResult:
    await call.progress(1)
    await asyncio.Event().wait()
    raise AssertionError("nobody sets the event")


async def _broken(_call: Call, _arguments: Nothing) -> ToolResult:
    raise RuntimeError("a secret that must not reach the wire")


async def _fails(_call: Call, _arguments: Nothing) -> ToolResult:
    return ToolResult([text("it did not work")], is_error=True)


def tools() -> list[Tool[Any]]:
    named: list[Tool[Any]] = [
        Tool("echo", "Echo", "Says it back.", Echo, _echo, annotations={"readOnlyHint": True}),
        Tool("measure", "Measure", "Counts points.", Measure, _measure),
        Tool("count", "Count", "Counts and reports.", Steps, _count),
        Tool("add", "Add", "Adds one.", Steps, _add, output=Sum),
        Tool("hold", "Hold", "Never ends by itself.", Nothing, _hold),
        Tool("broken", "Broken", "Raises.", Nothing, _broken),
        Tool("fails", "Fails", "Says that it failed.", Nothing, _fails),
    ]
    fillers = [
        Tool(f"filler_{number:02}", "Filler", "Takes room.", Nothing, _fails) for number in range(FILLERS)
    ]
    return [*named, *fillers]
