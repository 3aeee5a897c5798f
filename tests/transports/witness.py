"""Run by the last SDK that had a WebSocket client, in a virtual environment of its own; prints JSON.

Usage: python witness.py ws://127.0.0.1:PORT/mcp
"""

import asyncio
import json
import sys
import warnings
from typing import Any


async def main(url: str) -> dict[str, Any]:
    """Handshake, list, call, report progress, fail and ping; returns what was seen."""
    from mcp import ClientSession, McpError  # type: ignore[attr-defined]  # names of SDK v1, not of the installed v2
    from mcp.client.websocket import websocket_client

    progress: list[float] = []

    async def report(value: float, _total: float | None, _message: str | None) -> None:
        progress.append(value)

    async with websocket_client(url) as streams, ClientSession(*streams) as session:
        opened = await session.initialize()
        tools = await session.list_tools()
        echoed = await session.call_tool("echo", {"text": "hi"})
        added = await session.call_tool("add", {"steps": 1})
        await session.call_tool("count", {"steps": 4}, progress_callback=report)
        wrong = await session.call_tool("echo", {})
        try:
            await session.call_tool("nothing-like-it", {})
            unknown = 0
        except McpError as error:
            unknown = error.error.code
        await session.send_ping()
    return {
        "revision": opened.protocolVersion,
        "tools": [tool.name for tool in tools.tools],
        "echoed": echoed.content[0].text,
        "added": added.structuredContent,
        "progress": progress,
        "wrong": wrong.isError,
        "unknown": unknown,
    }


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print(json.dumps(asyncio.run(main(sys.argv[1]))))  # noqa: T201 - its output is its answer
