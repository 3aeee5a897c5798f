"""MCP over stdin and stdout, for clients that only start a process.

Without --url the server itself runs in this process, configured by the variables of `exai-mcp --help`.
With --url this process is a bridge to a server that runs elsewhere. Its token is read from --token-file,
EXAI_TOKEN, AUTH_TOKEN or the file that AUTH_TOKEN_FILE names, the first of them that is set.

Either way tools may be given files by their paths, which are read by this process and within the folders
that --allow-root names.
"""

import argparse
from pathlib import Path

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
    parser.add_argument(
        "--allow-root",
        action="append",
        default=[],
        type=Path,
        metavar="DIR",
        help="let tools read files within this folder, which they name by path; may be given several times "
        "(without it no file is read)",
    )
    # A file, never the token itself: arguments are shown to every user of the machine.
    parser.add_argument("--token-file", metavar="PATH", help="file that holds the token, for --url")


def run(options: argparse.Namespace) -> int:
    """Serve until stdin ends; returns the exit code."""
    if options.token_file and not options.url:
        say("exai-mcp stdio: --token-file is for --url; the server in this process needs no token.")
        return Exit.USAGE
    missing = [str(root) for root in options.allow_root if not root.is_dir()]
    if missing:
        say(f"exai-mcp stdio: --allow-root {' and '.join(missing)} is no folder: correct the path.")
        return Exit.USAGE
    from app.transports.stdio_pipes import claim_pipes

    try:
        source, sink = claim_pipes()
    except OSError as error:
        say(f"exai-mcp stdio needs stdin and stdout ({error.strerror}): let an MCP client start it.")
        return Exit.USAGE
    if options.url is None:
        from app.command_line import embedded

        return embedded.run(source, sink, options.allow_root)
    from app.command_line import bridge

    return bridge.run(options.url, options.token_file, source, sink, options.allow_root)
