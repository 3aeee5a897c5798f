"""The SDK's server with the same tools: its Streamable HTTP app on uvicorn, and its stdio loop in memory."""

import asyncio
import logging
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import jsonschema  # type: ignore[import-untyped]  # comes with the SDK, its stubs do not
import mcp_types as types
import uvicorn
from mcp import MCPError
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPDeprecationWarning

from app.protocol.pages import PAGE_SIZE
from app.protocol.schemas import schema_of
from app.protocol.tools import Tool
from tests.differential import their_features
from tests.differential.tools import tools

START_SECONDS = 30.0
INVALID_PARAMS = -32602


def make_server() -> Server[Any]:
    """The lowlevel server; arguments are judged by jsonschema against the schema that is listed."""
    known = {tool.name: tool for tool in tools()}
    listed = [_listed(tool) for tool in known.values()]

    async def list_tools(_ctx: Any, params: Any) -> types.ListToolsResult:
        start = int(params.cursor) if params is not None and params.cursor is not None else 0
        more = str(start + PAGE_SIZE) if start + PAGE_SIZE < len(listed) else None
        return types.ListToolsResult(tools=listed[start : start + PAGE_SIZE], next_cursor=more)

    async def call_tool(ctx: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        tool = known.get(params.name)
        if tool is None:
            raise MCPError(INVALID_PARAMS, "Unknown tool")
        arguments = params.arguments or {}
        try:
            jsonschema.validate(arguments, schema_of(tool.arguments))
        except jsonschema.ValidationError as error:
            return _result([{"type": "text", "text": error.message}], is_error=True)
        progress: Any = _Progress(ctx.session)
        done = await tool.handler(progress, tool.arguments.model_validate(arguments))
        return _result(done.content, structured=done.structured, is_error=done.is_error)

    with warnings.catch_warnings():
        # Logging is deprecated as of 2026-07-28, and a part of the revisions before.
        warnings.simplefilter("ignore", MCPDeprecationWarning)
        return Server(
            "differential",
            version="1",
            title="differential",
            instructions="Use the tools.",
            on_list_tools=list_tools,
            on_call_tool=call_tool,
            **their_features.handlers(),
        )


class _Progress:
    """The one part of our `Call` these tools use, sent out through the SDK."""

    def __init__(self, session: Any) -> None:
        self._session = session

    async def progress(self, progress: float, total: float | None = None) -> None:
        await self._session.report_progress(progress, total)


def _listed(tool: Tool[Any]) -> types.Tool:
    return types.Tool.model_validate(
        {
            "name": tool.name,
            "title": tool.title,
            "description": tool.description,
            "inputSchema": schema_of(tool.arguments),
            "outputSchema": None if tool.output is None else schema_of(tool.output, "serialization"),
            "annotations": tool.annotations,
        }
    )


def _result(content: list[Any], *, structured: Any = None, is_error: bool = False) -> types.CallToolResult:
    if structured is not None and not content:
        content = [{"type": "text", "text": f'{{"total":{structured["total"]}}}'}]
    return types.CallToolResult.model_validate(
        {"content": content, "structuredContent": structured, "isError": is_error}
    )


class _Uvicorn(uvicorn.Server):
    """Tells when it listens; leaves the signals to the test run."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    def install_signal_handlers(self) -> None:
        pass


@asynccontextmanager
async def over_http() -> AsyncIterator[str]:
    """Serve the SDK's own Streamable HTTP app; yields its URL."""
    app = make_server().streamable_http_app()
    server = _Uvicorn(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", ws="none"))
    serving = asyncio.create_task(server._serve())
    async with asyncio.timeout(START_SECONDS):
        await server.listening.wait()
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        server.should_exit = True
        await serving


class _Lines:
    """What the stdio transport needs of a file: lines in, lines out."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[str | None] = asyncio.Queue()

    def __aiter__(self) -> "_Lines":
        return self

    async def __anext__(self) -> str:
        line = await self.queue.get()
        if line is None:
            raise StopAsyncIteration
        return line

    async def write(self, line: str) -> None:
        self.queue.put_nowait(line)

    async def flush(self) -> None:
        pass


@asynccontextmanager
async def over_lines() -> AsyncIterator[tuple[_Lines, _Lines]]:
    """Run the SDK's stdio loop for one connection; yields what to write to and what to read from."""
    server = make_server()
    to_server, from_server = _Lines(), _Lines()
    stdin: Any = to_server
    stdout: Any = from_server

    async def run() -> None:
        async with stdio_server(stdin, stdout) as (read, write):
            await server.run(read, write, server.create_initialization_options())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        yield to_server, from_server
        # The end of the input is how a client leaves; the loop then stops what still runs.
        to_server.queue.put_nowait(None)


def quiet() -> None:
    """Keep the SDK from complaining in the log about what it is sent on purpose."""
    logging.getLogger("mcp").setLevel(logging.CRITICAL + 1)
