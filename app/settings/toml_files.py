"""Our own files in CONFIG_DIR: read as TOML, every fault at once, each a sentence that names its key."""

import difflib
import tomllib
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app.settings.errors import ConfigurationError

_SHOWN = 40
"""Characters of a wrong value that are repeated."""

Location = tuple[str | int, ...]


def text_of(path: Path) -> str | None:
    """Return the text of a file; None when there is none.

    Raises:
        ConfigurationError: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        fault = f"{path} cannot be read ({reason}): correct its rights, or remove it."
        raise ConfigurationError([fault]) from error


def tables_of(text: str, path: Path) -> dict[str, Any]:
    """Parse TOML, with its fractions as exact decimals.

    Raises:
        ConfigurationError: it is not TOML.
    """
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError([f"{path} is not TOML ({error}): correct it."]) from error


def sentences(
    error: ValidationError,
    keys_beside: Callable[[Location], Sequence[str]],
    own: Callable[[str, Any], str | None] = lambda _key, _detail: None,
) -> list[str]:
    """Turn pydantic's findings into sentences; `keys_beside` knows the right keys, `own` may word one."""
    return [_sentence(detail, keys_beside, own) for detail in error.errors(include_url=False)]


def unknown(key: str, name: str, known: Sequence[str]) -> str:
    """Say that a key is none of this file, and which is probably meant."""
    close = difflib.get_close_matches(name, known, n=1)
    mend = f"if {close[0]} is meant, write that" if close else f"use {', '.join(known)}"
    return f"{key} is not a key of this file: {mend}."


def key_of(location: Location) -> str:
    """Write a key as TOML does: parts that hold a dot are quoted."""
    return ".".join(f'"{part}"' if "." in str(part) else str(part) for part in location)


def _sentence(
    detail: Any, keys_beside: Callable[[Location], Sequence[str]], own: Callable[[str, Any], str | None]
) -> str:
    key = key_of(detail["loc"])
    if detail["type"] == "extra_forbidden":
        return unknown(key, str(detail["loc"][-1]), keys_beside(detail["loc"]))
    if (worded := own(key, detail)) is not None:
        return worded
    if detail["type"] == "missing":
        return f"{key} is missing: add it."
    value = detail["input"]
    shown = str(value) if isinstance(value, Decimal) else repr(value)
    shown = "set" if len(shown) > _SHOWN else shown
    return f"{key} is {shown}, which is wrong ({detail['msg'].lower()}): correct it."
