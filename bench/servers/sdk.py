"""The official SDK's low-level server with JSON replies on uvicorn, its fastest documented way to serve.

Its streamable HTTP app answers the handshake revisions and 2026-07-28 on one path. No token, no logging.
"""

import importlib.util
from typing import Any

import mcp_types as types
import uvicorn
from mcp.server.lowlevel import Server

from bench.servers.launch import launch

SCHEMA = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}


async def list_tools(*_: Any) -> types.ListToolsResult:
    """Name the one tool."""
    return types.ListToolsResult(tools=[types.Tool(name="echo", input_schema=SCHEMA)])


async def call_tool(_: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
    """Answer with the text."""
    said = (params.arguments or {})["text"]
    return types.CallToolResult(content=[types.TextContent(type="text", text=said)])


def parser() -> str:
    """Name the HTTP parser uvicorn takes here."""
    return "httptools" if importlib.util.find_spec("httptools") else "h11"


if __name__ == "__main__":
    launched = launch()
    server = Server("peer", on_list_tools=list_tools, on_call_tool=call_tool)
    app = server.streamable_http_app(json_response=True)
    config = uvicorn.Config(app, log_level="error", access_log=False, loop="auto", http="auto", ws="none")
    uvicorn.Server(config).run(sockets=[launched.listener])
