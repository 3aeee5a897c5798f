"""The checkout's `.env`: read whole, with what is wrong in it; for the server and for the stack program.

It is this project's own file, so a line nobody can read and a misspelt name are faults. What stands in it
for other programs is tolerated, and said once. No message repeats a value.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct, field

_NAME = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*")
_QUOTES = ("'", '"')


class Dotenv(Struct, frozen=True):
    """The values by name, and sentences: faults that forbid to go on, warnings that do not."""

    values: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def read(path: Path) -> Dotenv:
    """Read the file; one that is not there is empty and has no faults.

    The form is compose's: `NAME=value` lines, `export`, quotes around a value and comments are allowed.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        return Dotenv()
    except (OSError, UnicodeDecodeError) as error:
        return Dotenv(faults=(f"{path} cannot be read ({error}): correct it, or remove it.",))
    # Imported here: the table of names is large, and most checkouts have no such file.
    from app.settings import names

    found: dict[str, str] = {}
    faults: list[str] = []
    foreign: list[str] = []
    for number, line in _filled(lines):
        left, equals, right = line.partition("=")
        name = match[1] if equals and (match := _NAME.fullmatch(left)) else None
        value = _value(right)
        if name is None:
            faults.append(f"{path} line {number} is not NAME=value: correct or remove it.")
        elif value is None:
            faults.append(
                f"{path} line {number} sets {name} to a value whose quotes do not enclose all of it: "
                "close them at its end, or remove them."
            )
        elif meant := names.meant(name):
            faults.append(
                f"{path} line {number} sets {name}, which nothing here reads: did you mean {meant}?"
            )
        else:
            found[name] = value
            if not names.known(name):
                foreign.append(name)
    also = ", ".join(dict.fromkeys(foreign))
    warnings = (f"{path} also sets {also}, which nothing here reads.",) if also else ()
    return Dotenv(found, tuple(faults), warnings)


def _filled(lines: list[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines, start=1):
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            yield number, stripped


def _value(text: str) -> str | None:
    """Drop the quotes, and a comment after the value; None when the quotes do not enclose it."""
    value = text.strip()
    if value[:1] not in _QUOTES or not value:
        return text.partition(" #")[0].strip()
    end = value.find(value[0], 1)
    rest = value[end + 1 :].strip()
    return value[1:end] if end > 0 and (not rest or rest.startswith("#")) else None
