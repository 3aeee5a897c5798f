"""Call one tool of a running server and print its answer: for scripts, and for a look without an MCP client.

    exai-mcp call chat prompt="Why is the sky blue?"
    exai-mcp call jobs action=start tool=chat 'arguments={"prompt": "Why is the sky blue?"}'

An argument that is a text is taken as it stands, any other is JSON. Without --url the server is the one that
the variables of `exai-mcp --help` describe; the token is found as `exai-mcp connect` finds it.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from typing import Any

from app.command_line import reaching
from app.exits import Exit
from app.process import run as run_to_end
from app.process import say

HELP = "call one tool of a running server and print its answer"
CALL_SECONDS = 660.0
"""Above the longest time that a call runs unless CALL_TIMEOUT says otherwise."""


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("tool", metavar="TOOL", help="its name, such as chat or status")
    parser.add_argument(
        "arguments", metavar="NAME=VALUE", nargs="*", help="what the tool takes: docs/tools.md lists it"
    )
    reaching.declare(parser)
    parser.add_argument(
        "--json", action="store_true", help="print the whole result of tools/call, _meta included"
    )


def run(options: argparse.Namespace) -> int:
    """Call; returns 0 when the tool answered, 1 when it or the server did not."""
    try:
        found = reaching.server(options)
        return run_to_end(lambda: _call(found, options))
    except reaching.UnknownError as error:
        say(f"exai-mcp call: {error}")
        return Exit.CONFIGURATION


async def _call(found: reaching.Reached, options: argparse.Namespace) -> Exit:
    from yarl import URL

    from app.connecting.conversation import LinkError, conversation

    try:
        async with conversation(URL(found.url), found.token, CALL_SECONDS) as server:
            schemas = {tool["name"]: tool["inputSchema"] for tool in await server.tools()}
            if options.tool not in schemas:
                say(f"exai-mcp call: there is no tool {options.tool!r}; name one of {', '.join(schemas)}.")
                return Exit.USAGE
            given, faults = _arguments(options.arguments, schemas[options.tool].get("properties", {}))
            if faults:
                say(f"exai-mcp call: {options.tool} was not called:", *faults)
                return Exit.USAGE
            result = await server.call(options.tool, given)
    except LinkError as error:
        say(f"exai-mcp call: {str(error).rstrip('.')}.")
        return Exit.FINDINGS
    sys.stdout.write(json.dumps(result, ensure_ascii=False, indent=2) if options.json else _words(result))
    sys.stdout.write("\n")
    return Exit.FINDINGS if result.get("isError") else Exit.DRAINED


def _arguments(texts: list[str], known: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the arguments by name, and a sentence for each that cannot be one."""
    given: dict[str, Any] = {}
    faults = []
    for text in texts:
        name, mark, value = text.partition("=")
        if not mark or name not in known:
            takes = f"it takes {', '.join(known)}" if known else "it takes none"
            faults.append(f"{text!r} is no argument of it as NAME=VALUE: {takes}.")
            continue
        try:
            given[name] = value if known[name].get("type") == "string" else json.loads(value)
        except ValueError:
            faults.append(f'{name} is {value!r}, which is no JSON: write 5, true, or \'["kimi", "glm"]\'.')
    return given, faults


def _words(result: Mapping[str, Any]) -> str:
    return "\n".join(part["text"] for part in result["content"] if part["type"] == "text")
