"""Our server as it ships, with one more tool: `echo(text) -> text`.

`app.__main__.run` is called whole, so guard, token, limits, logging, store and start check are what a user
gets. Three names are replaced first: the dispatcher's (one tool more), the guard's (2,000 sessions of one
client are above its caps) and the listener's (the socket came from the parent).
"""

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from app import __main__ as command
from app import bootstrap
from app.protocol.dispatcher import Dispatcher
from app.protocol.tools import Call, Tool, ToolResult, text
from app.transports.guard import Guard
from bench.servers.launch import launch

MAX_CONNECTIONS = 5000


class Echo(BaseModel):
    """What the tool takes."""

    text: str


async def echo(_: Call, arguments: Echo) -> ToolResult:
    """Answer with the text."""
    return ToolResult([text(arguments.text)])


def echo_tool(handler: Any = echo) -> Tool[Echo]:
    """Make the tool; another handler may watch the calls."""
    return Tool("echo", "Echo", "Answers with the text it is given.", Echo, handler)


@contextlib.contextmanager
def extended(tool: Tool[Any]) -> Iterator[None]:
    """Have `build_app` make servers with one tool more and without the guard's caps on connections."""

    def dispatcher(*, tools: list[Tool[Any]], **options: Any) -> Dispatcher:
        return Dispatcher(tools=[*tools, tool], **options)

    def guard(**options: Any) -> Guard:
        many = {"max_connections": MAX_CONNECTIONS, "max_connections_per_client": MAX_CONNECTIONS}
        return Guard(**options | many)

    replaced = {name: vars(bootstrap)[name] for name in ("Dispatcher", "Guard")}
    vars(bootstrap).update(Dispatcher=dispatcher, Guard=guard)
    try:
        yield
    finally:
        vars(bootstrap).update(replaced)


if __name__ == "__main__":
    launched = launch()
    vars(command).update(listen=lambda _host, _port: launched.listener)
    with extended(echo_tool()):
        sys.exit(command.run())
