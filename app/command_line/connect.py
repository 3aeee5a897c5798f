"""Print, or with --write put into its file, what an MCP client needs to reach this server.

Without --url the server is the one that the variables of `exai-mcp --help` describe. The token is read from
--token-file, EXAI_TOKEN, AUTH_TOKEN or the file that AUTH_TOKEN_FILE names, else from DATA_DIR/token; it is
never printed, and never an argument of a command.
"""

import argparse
import shlex
import shutil
import sys
from pathlib import Path

from app.command_line import reaching
from app.command_line.bridge import server_url
from app.command_line.reaching import SECURE, UnknownError
from app.connecting.clients import CLIENTS, PLACEHOLDER, TOKEN_VARIABLE, McpClient, Scope, Target, Token
from app.counted import counted
from app.exits import Exit
from app.process import run as run_to_end
from app.process import say

HELP = "print or write the configuration of an MCP client (Claude Code, Codex, VS Code, ...)"


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("client", metavar="CLIENT", choices=CLIENTS, help=f"one of {', '.join(CLIENTS)}")
    reaching.declare(parser)
    parser.add_argument("--name", default="exai", help="what the client calls the server [exai]")
    parser.add_argument(
        "--scope", choices=[str(scope) for scope in Scope], help="this folder's file, or this user's"
    )
    parser.add_argument("--file", metavar="PATH", type=Path, help="another file than the client's usual one")
    parser.add_argument(
        "--write", action="store_true", help="change the file; the one before is kept beside it"
    )
    parser.add_argument("--check", action="store_true", help="first make a real MCP call to the server")


def run(options: argparse.Namespace) -> int:
    """Print or write the configuration; returns the exit code."""
    from app.connecting.files import FileError

    client = CLIENTS[options.client]
    if options.scope and Scope(options.scope) not in client.files:
        say(f"exai-mcp connect: {client.title} has no file for one {options.scope}: leave --scope out.")
        return Exit.USAGE
    try:
        target = _target(options)
        if options.check and (code := run_to_end(lambda: _check(client, target))) is not Exit.DRAINED:
            return code
        return (_write if options.write else _show)(client, target, _path(client, options))
    except (FileError, UnknownError) as error:
        say(f"exai-mcp connect: {error}")
        return Exit.CONFIGURATION


def _target(options: argparse.Namespace) -> Target:
    found = reaching.server(options)
    # The client starts the bridge itself, perhaps with another PATH than this one.
    command = shutil.which("exai-mcp") or str(Path(sys.argv[0]).absolute())
    return Target(options.name, found.url, found.token, found.token_file, command)


def _path(client: McpClient, options: argparse.Namespace) -> Path:
    scope = Scope(options.scope) if options.scope else next(iter(client.files))
    return Path(options.file or client.files[scope](Path.home(), Path.cwd())).absolute()


async def _check(client: McpClient, target: Target) -> Exit:
    from app.connecting.conversation import LinkError, converse

    url = server_url(target.websocket_url)
    try:
        tools = await converse(url if client.websocket else url.with_scheme(SECURE[url.scheme]), target.token)
    except LinkError as error:
        say(f"exai-mcp connect: {str(error).rstrip('.')}. Nothing was written.")
        return Exit.FINDINGS
    say(f"The server answers: {counted(len(tools), 'tool')} ({', '.join(tools)}).")
    return Exit.DRAINED


def _show(client: McpClient, target: Target, path: Path) -> Exit:
    from app.connecting.files import changed

    shown = Target(target.name, target.url, None, target.token_file, target.command)
    text = changed("", client, shown, path)
    say(f"For {client.title}, in {path} (or let `--write` do it):")
    sys.stdout.write(text)
    _tell(client, target, written=False)
    return Exit.DRAINED


def _write(client: McpClient, target: Target, path: Path) -> Exit:
    from app.connecting.files import changed, read, write

    literal = client.token is Token.LITERAL or (client.token is Token.BRIDGE and target.token_file is None)
    if literal and not target.token:
        raise UnknownError(
            f"{client.title} needs the token itself in its file, and none is known here: "
            f"set {TOKEN_VARIABLE}, or name the token's file with --token-file."
        )
    before = read(path)
    after = changed(before, client, target, path)
    if after == before:
        say(f"{path} has this server already; nothing was changed.")
    else:
        backup = write(path, after, private=literal)
        say(f"{path} is written" + (f"; what it was is in {backup}." if backup else "."))
    _tell(client, target, written=True)
    return Exit.DRAINED


def _tell(client: McpClient, target: Target, *, written: bool) -> None:
    """Say what is left to do, and where the token is seen by whom."""
    match client.token:
        case Token.VARIABLE:
            line = "to the server's token"
            if target.token_file is not None:
                line = f'with export {TOKEN_VARIABLE}="$(cat {shlex.quote(str(target.token_file))})"'
            say(f"The file only names {TOKEN_VARIABLE}. Set it where {client.title} is started, {line}.")
        case Token.BRIDGE if target.token_file is not None:
            say(f"The bridge reads the token from {target.token_file}; it stands in no other place.")
        case Token.BRIDGE | Token.LITERAL:
            what = "holds the token" if written else f"must have the token in place of {PLACEHOLDER}"
            say(f"That file {what}, because {client.title} knows no other way: let nobody else read it.")
        case Token.ASKED:
            pass
    say(f"Then {client.after}.")
