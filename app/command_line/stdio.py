"""MCP over stdin and stdout, for clients that only start a process.

Without --url the server itself runs in this process, configured by the variables of `exai-mcp --help`.
With --url this process is a bridge to a server that runs elsewhere. Its token is read from --token-file,
EXAI_TOKEN, AUTH_TOKEN or the file that AUTH_TOKEN_FILE names, the first of them that is set.
"""

import argparse

from app.command_line.bridge import server_url
from app.exits import Exit
from app.process import say

HELP = "MCP over stdin and stdout: the server itself, or with --url a bridge to one"


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "--url",
        type=server_url,
        help="bridge to this server: ws://127.0.0.1:8079/mcp (wss, http and https are taken too, "
        "and always mean its WebSocket)",
    )
    # A file, never the token itself: arguments are shown to every user of the machine.
    parser.add_argument("--token-file", metavar="PATH", help="file that holds the token, for --url")


def run(options: argparse.Namespace) -> int:
    """Serve until stdin ends; returns the exit code."""
    if options.token_file and not options.url:
        say("exai-mcp stdio: --token-file is for --url; the server in this process needs no token.")
        return Exit.USAGE
    from app.transports.stdio_pipes import claim_pipes

    try:
        source, sink = claim_pipes()
    except OSError as error:
        say(f"exai-mcp stdio needs stdin and stdout ({error.strerror}): let an MCP client start it.")
        return Exit.USAGE
    if options.url is None:
        from app.command_line import embedded

        return embedded.run(source, sink)
    from app.command_line import bridge

    return bridge.run(options.url, options.token_file, source, sink)
