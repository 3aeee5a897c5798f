"""The clients in server.toml: who may call this server besides the token of AUTH_TOKEN.

A change is taken over by a running server within seconds, without a restart. A token is shown once, when
it is made; the file keeps its SHA-256 only. A client's name owns what it has, so a rotated token keeps it.
"""

import argparse
import os
import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path

from app.exits import Exit
from app.process import say

HELP = "add, list, revoke and rotate the clients of server.toml"
_CANNOT = "exai-mcp clients: "


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    actions = parser.add_subparsers(metavar="ACTION", required=True, dest="action")
    adding = actions.add_parser("add", help="add a client and show its token once")
    adding.add_argument("name", metavar="NAME", help="lower-case letters, digits, '.', '_' and '-'")
    adding.add_argument(
        "--tools", type=_names, metavar="A,B", help="the tools it may call, by name; without this, all"
    )
    adding.add_argument("--rate", type=int, metavar="N", help="tool calls a minute; without this, no limit")
    adding.add_argument("--budget", type=_usd, metavar="USD", help="USD it may spend a UTC day")
    revoking = actions.add_parser("revoke", help="remove a client; what it has open is closed")
    rotating = actions.add_parser("rotate", help="give a client another token and show it once")
    for action in (revoking, rotating):
        action.add_argument("name", metavar="NAME", help="which client")
    listing = actions.add_parser("list", help="list the clients and what they may do")
    for action in (adding, revoking, rotating, listing):
        action.add_argument(
            "--config-dir", type=Path, metavar="PATH", help="folder of server.toml; otherwise CONFIG_DIR"
        )


def run(options: argparse.Namespace) -> int:
    """Change or list the clients; returns the exit code."""
    from app.settings import ConfigurationError, server_file

    folder = options.config_dir or _config_dir()
    file = folder / server_file.FILE_NAME
    is_new = not file.exists()
    try:
        if options.action == "list":
            return _list(folder)
        from app.clients import editing
    except ConfigurationError as error:
        say(f"{_CANNOT}the file is wrong:", *error.faults)
        return Exit.CONFIGURATION
    try:
        match options.action:
            case "add":
                token = editing.add(
                    folder,
                    options.name,
                    tools=options.tools,
                    rate=options.rate,
                    budget_usd_per_day=options.budget,
                )
            case "rotate":
                token = editing.rotate(folder, options.name)
            case _:
                editing.revoke(folder, options.name)
                say(f"Client '{options.name}' is removed; a running server closes what it has open.")
                return Exit.DRAINED
    except ConfigurationError as error:
        say(f"{_CANNOT}nothing was changed, because this would be wrong:", *error.faults)
        return Exit.CONFIGURATION
    except editing.ClientError as error:
        say(f"{_CANNOT}{error}.")
        return Exit.USAGE
    if is_new:
        say(f"{file.resolve()} was made; a server reads it when its CONFIG_DIR is that folder.")
    say(f"The token of '{options.name}', shown this once (send it as Authorization: Bearer):")
    # Alone on stdout, so that `TOKEN=$(exai-mcp clients add NAME)` works.
    sys.stdout.write(f"{token}\n")
    return Exit.DRAINED


def _list(folder: Path) -> int:
    from app.settings import server_file

    clients = server_file.read(folder).clients
    rows = [("NAME", "TOOLS", "RATE", "USD/DAY", "TOKEN SHA-256")]
    for name in sorted({server_file.DEFAULT_CLIENT, *clients}):
        client = clients.get(name, server_file.Client())
        rows.append(
            (
                name,
                ",".join(client.tools) if client.tools else "all",
                f"{client.rate}/min" if client.rate else "-",
                f"{client.budget_usd_per_day:f}" if client.budget_usd_per_day is not None else "-",
                f"{client.token_sha256[:12]}…" if client.token_sha256 else "AUTH_TOKEN",
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        line = "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True))
        sys.stdout.write(f"{line.rstrip()}\n")
    return Exit.DRAINED


def _config_dir() -> Path:
    """Find the folder as the server does: from the variable, in development also from `.env`."""
    from app.settings import VARIABLES, sources

    default = next(variable.default for variable in VARIABLES if variable.name == "CONFIG_DIR")
    here = Path.cwd()
    return here / Path(sources.read(os.environ, here).texts.get("CONFIG_DIR") or default or "").expanduser()


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise argparse.ArgumentTypeError("names no tool; write --tools chat,threads")
    return names


def _usd(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount; write --budget 2.50") from error
