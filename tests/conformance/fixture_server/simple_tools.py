"""Tools that answer at once, one for each kind of content."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import BaseModel

from app.protocol.tools import Call, Tool, ToolResult, text
from tests.conformance.fixture_server import content


class Nothing(BaseModel):
    pass


def answering(name: str, *blocks: dict[str, Any]) -> Tool[Any]:
    """A tool that always answers the same."""

    async def handler(_call: Call, _arguments: Nothing) -> ToolResult:
        return ToolResult(list(blocks))

    return plain(name, handler)


def plain(name: str, handler: Callable[[Call, Nothing], Awaitable[ToolResult]], **more: Any) -> Tool[Any]:
    """A tool without arguments."""
    return Tool(name, name, f"Fixture {name} of the official conformance suite.", Nothing, handler, **more)


async def _failing(_call: Call, _arguments: Nothing) -> ToolResult:
    return ToolResult([text("This tool intentionally returns an error for testing")], is_error=True)


async def _progressing(call: Call, _arguments: Nothing) -> ToolResult:
    for progress in (0, 50, 100):
        await call.progress(progress, 100, f"Completed step {progress} of 100")
        await asyncio.sleep(content.STEP_SECONDS)
    return content.said("Progress was reported.")


def tools() -> list[Tool[Any]]:
    mixed = content.embedded(
        "test://mixed-content-resource", "application/json", '{"test":"data","value":123}'
    )
    resource = content.embedded(
        "test://embedded-resource", "text/plain", "This is an embedded resource content."
    )
    return [
        answering("test_simple_text", text("This is a simple text response for testing.")),
        answering("test_image_content", content.image()),
        answering("test_audio_content", content.audio()),
        answering("test_embedded_resource", resource),
        answering(
            "test_multiple_content_types", text("Multiple content types test:"), content.image(), mixed
        ),
        plain("test_error_handling", _failing),
        plain("test_tool_with_progress", _progressing),
    ]
