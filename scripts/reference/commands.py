"""The tables of make's verbs and of the commands of `exai-mcp`."""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

from app.command_line import commands
from scripts.reference.blocks import table

MAKEFILE = Path(__file__).resolve().parents[2] / "Makefile"


def verbs() -> str:
    """Return every verb of the Makefile that has words of its own."""
    found = re.findall(r"^([a-z-]+):.*## (.+)$", MAKEFILE.read_text(), re.MULTILINE)
    return table(("verb", "what it does"), *((f"`make {verb}`", words) for verb, words in found))


def exai_mcp() -> str:
    """Return every command with its arguments and options."""
    parts = []
    for name, parser in _subparsers(commands.parser()):
        parts.append(f"### `exai-mcp {name}`\n{_first(parser.description or '')}\n\n")
        rows = [*_rows(parser), *_of_actions(parser)]
        if rows:
            parts.append(table(("argument or option", "meaning"), *rows) + "\n")
    return "".join(parts).rstrip("\n") + "\n"


def _of_actions(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
    for name, inner in _subparsers(parser):
        yield f"**`{name}`**", next(_helps(parser, name))
        yield from ((f"`{name}` {argument}", words) for argument, words in _rows(inner))


def _rows(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to ask
        if isinstance(action, argparse._HelpAction | argparse._SubParsersAction):  # noqa: SLF001 - as above
            continue
        value = "" if action.nargs == 0 else str(action.metavar or (action.dest or "").upper())
        option = action.option_strings[-1] if action.option_strings else ""
        yield (
            f"`{' '.join(part for part in (option, value) if part)}`",
            (action.help or "").replace("%%", "%"),
        )


def _subparsers(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in parser._actions:  # noqa: SLF001 - as above
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - as above
            yield from action.choices.items()


def _helps(parser: argparse.ArgumentParser, name: str) -> Iterator[str]:
    for action in parser._actions:  # noqa: SLF001 - as above
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - as above
            yield from (one.help or "" for one in action._choices_actions if one.dest == name)  # noqa: SLF001 - as above


def _first(description: str) -> str:
    return " ".join(description.partition("\n\n")[0].split())
