"""`exai-mcp` with arguments: which command is meant, and one sentence when none is."""

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from app.command_line import audit, call, clients, connect, doctor, schema, stdio
from app.exits import Exit
from app.version import VERSION

NAME = "exai-mcp"
COMMANDS = {
    "audit": audit,
    "call": call,
    "clients": clients,
    "connect": connect,
    "doctor": doctor,
    "schema": schema,
    "stdio": stdio,
}
"""Each command's module has `HELP`, `declare(parser)` and `run(options)`."""

OPTIONS = ("--help", "-h", "--version")


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence and ends with the contract's exit code."""

    def error(self, message: str) -> NoReturn:
        """End the process with 64."""
        self.exit(Exit.USAGE, f"{self.prog}: {message}: see {self.prog} --help.\n")


def main(arguments: Sequence[str]) -> int:
    """Run what the arguments ask for; return the exit code of `app.exits`.

    Raises:
        SystemExit: after the help or the version was told, and when a command's arguments are wrong.
    """
    if arguments[0] not in COMMANDS and arguments[0] not in OPTIONS:
        sys.stderr.write(f"{NAME} does not know {' '.join(arguments)!r}: see {NAME} --help.\n")
        return Exit.USAGE
    options = parser(variables=arguments[0] in ("--help", "-h")).parse_args(arguments)
    code: int = options.run(options)
    return code


def parser(*, variables: bool = False) -> Parser:
    """Return the parser of all commands; with `variables` its help ends with those of the server."""
    made = Parser(
        prog=NAME,
        description="Without arguments it serves; variables configure it.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_variables() if variables else None,
        allow_abbrev=False,
    )
    made.add_argument("--version", action="version", version=VERSION)
    commands = made.add_subparsers(metavar="COMMAND", title="commands")
    for name, command in COMMANDS.items():
        subparser = commands.add_parser(
            name,
            help=command.HELP,
            description=command.__doc__,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )  # fmt: skip - one thought a line
        command.declare(subparser)
        subparser.set_defaults(run=command.run)
    return made


def _variables() -> str:
    # Imported here: of the commands, only the help needs the table.
    from app.settings import VARIABLES

    lines = ["variables of the server:"]
    for variable in VARIABLES:
        default = f" [{variable.default}]" if variable.default else ""
        file = f", or {variable.file_name}" if variable.secret else ""
        lines.append(f"  {variable.name}{file}{default}\n      {variable.help}")
    return "\n".join(lines)
