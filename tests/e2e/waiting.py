"""`wait`: a tool that takes its time. Tests copy this file beside the other tools of a checkout of their own.

It writes down each call that it begins, so that one which ran twice is found.
"""

import asyncio
import os
from pathlib import Path

from pydantic import BaseModel

from app import contract
from app.protocol.tools import Call, Tool, ToolResult, text

MARKS = Path(contract.DATA_PATH) / "marks"


class Waiting(BaseModel):
    """`mark` is the call's own, and what it answers."""

    mark: str
    seconds: float


async def wait(call: Call, arguments: Waiting) -> ToolResult:
    """Report progress each second."""
    MARKS.mkdir(exist_ok=True)
    with (MARKS / os.uname().nodename).open("a") as file:
        file.write(f"{arguments.mark}\n")
    whole, rest = divmod(arguments.seconds, 1)
    for step in range(int(whole)):
        await asyncio.sleep(1)
        await call.progress(step + 1, whole + 1)
    await asyncio.sleep(rest)
    return ToolResult([text(arguments.mark)])


waiting_tool = Tool("wait", "Wait", "Takes its time.", Waiting, wait)
