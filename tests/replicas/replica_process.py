"""`python -m app` with a few tools more, so that a test can watch calls move, ask and be stopped."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from app.__main__ import main
from app.bootstrap import core
from app.protocol.dispatcher import Dispatcher
from app.protocol.tools import Call, Tool, ToolResult, text

STEP_SECONDS = 0.02


class Nothing(BaseModel):
    pass


class Steps(BaseModel):
    steps: int = 3


class Marked(BaseModel):
    marks: str


async def who(_call: Call, _arguments: Nothing) -> ToolResult:
    return ToolResult([text(str(os.getpid()))])


async def count(call: Call, arguments: Steps) -> ToolResult:
    for step in range(1, arguments.steps + 1):
        await asyncio.sleep(STEP_SECONDS)
        await call.progress(step, arguments.steps)
    return ToolResult([text(f"counted {arguments.steps}")])


async def ask(call: Call, _arguments: Nothing) -> ToolResult:
    schema = {"type": "object", "properties": {"name": {"type": "string"}}}
    params = {"message": "Who are you?", "requestedSchema": schema}
    answers = await call.ask({"who": {"method": "elicitation/create", "params": params}})
    return ToolResult([text(answers["who"]["content"]["name"])])


async def hold(call: Call, arguments: Marked) -> ToolResult:
    """Say by files when it began and when it was stopped by the client."""
    marks = Path(arguments.marks)
    marks.joinpath("begun").touch()
    try:
        await asyncio.Event().wait()
    finally:
        marks.joinpath(f"stopped-{call.cancelled_by_client}").touch()
    return ToolResult([text("never")])


async def task(call: Call, _arguments: Nothing) -> ToolResult:
    """Go on as a task that only a cancellation ends."""
    await call.detach(required=True)
    await asyncio.Event().wait()
    return ToolResult([text("never")])


class Served(Dispatcher):
    """The product's dispatcher with the tools above."""

    def __init__(self, **options: Any) -> None:
        more: list[Tool[Any]] = [
            Tool("who", "Who", "Names the process.", Nothing, who),
            Tool("count", "Count", "Counts slowly.", Steps, count),
            Tool("ask", "Ask", "Asks for a name.", Nothing, ask),
            Tool("hold", "Hold", "Waits to be stopped.", Marked, hold),
            Tool("task", "Task", "Goes on as a task.", Nothing, task),
            Tool("announce", "Announce", "Says that the tools changed.", Nothing, self._announce),
        ]
        super().__init__(**options | {"tools": [*options["tools"], *more]})

    async def _announce(self, _call: Call, _arguments: Nothing) -> ToolResult:
        self.list_changed("tools")
        return ToolResult([text("announced")])


if __name__ == "__main__":
    core.Dispatcher = Served  # type: ignore[misc]  # the one seam: everything else is the product's own
    sys.exit(main([]))
