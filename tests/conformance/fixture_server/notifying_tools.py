"""Tools whose running shows in notifications: log messages and changes of what is listed."""

import asyncio
from collections.abc import Callable
from typing import Any

from app.protocol.tools import Call, Tool, ToolResult
from tests.conformance.fixture_server import content
from tests.conformance.fixture_server.simple_tools import Nothing, plain

AWAY_SECONDS = 0.2
"""How long the call goes on with nobody listening."""

STAGES = ("Tool execution started", "Tool processing data", "Tool execution completed")


async def _logging(call: Call, _arguments: Nothing) -> ToolResult:
    for stage in STAGES:
        await call.log("info", stage, "fixtures")
        await asyncio.sleep(content.STEP_SECONDS)
    return content.said("Log messages were sent to whoever wants them.")


async def _reconnection(call: Call, _arguments: Nothing) -> ToolResult:
    """Leave the client's stream in the middle, and finish where it comes back (SEP-1699)."""
    await call.log("info", "Before disconnect", "fixtures")
    call.close_stream()
    await asyncio.sleep(AWAY_SECONDS)
    await call.log("info", "After reconnect", "fixtures")
    return content.said("Reconnection test completed")


def tools(changed: Callable[[str], None]) -> list[Tool[Any]]:
    """`changed` is told which list, `tools` or `prompts`, is another one now."""

    def triggering(kind: str) -> Tool[Any]:
        async def handler(_call: Call, _arguments: Nothing) -> ToolResult:
            changed(kind)
            return content.said(f"Clients that listen were told of other {kind}.")

        return plain(f"test_trigger_{kind.removesuffix('s')}_change", handler)

    return [
        plain("test_tool_with_logging", _logging),
        plain("test_logging_tool", _logging),
        plain("test_reconnection", _reconnection),
        triggering("tools"),
        triggering("prompts"),
    ]
