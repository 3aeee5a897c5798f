"""Our server as it ships, with one more tool: `echo(text) -> text`.

`app.__main__.run` is called whole, so guard, token, limits, logging, store and start check are what a user
gets. Two names are replaced first: `build_app` (one tool more) and the listener's (the socket came from the
parent). The caps on connections are raised by a server.toml, see `bench.contestants`.
"""

import sys
from functools import partial
from typing import Any

from app import __main__ as command
from app.process import loading
from bench.servers.launch import launch

# As the product itself loads what it needs.
with loading():
    from pydantic import BaseModel

    from app import bootstrap, listener
    from app.protocol.tools import Call, Tool, ToolResult, text


class Echo(BaseModel):
    """What the tool takes."""

    text: str


async def echo(_: Call, arguments: Echo) -> ToolResult:
    """Answer with the text."""
    return ToolResult([text(arguments.text)])


def echo_tool(handler: Any = echo) -> Tool[Echo]:
    """Make the tool; another handler may watch the calls."""
    return Tool("echo", "Echo", "Answers with the text it is given.", Echo, handler)


def main() -> int:
    """Serve; returns the exit code."""
    launched = launch()
    vars(listener).update(listen=lambda _host, _port: launched.listener)
    vars(bootstrap).update(build_app=partial(bootstrap.build_app, more_tools=[echo_tool()]))
    return command.run()


if __name__ == "__main__":
    sys.exit(main())
