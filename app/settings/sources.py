"""Where values come from: the environment, files named by `<NAME>_FILE`, and `.env` in development."""

import difflib
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.settings.variables import NEIGHBOURS, VARIABLES, Variable

NEAR_MISS = 0.85
"""difflib's ratio from which a foreign name is taken for a misspelt one of ours."""
_QUOTES = ("'", '"')


@dataclass(slots=True)
class Values:
    """Texts by variable name, and what is to be said about them."""

    texts: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read(environ: Mapping[str, str], working_directory: Path) -> Values:
    """Collect the text of every variable that is set; nothing is parsed yet.

    An empty value counts as unset, because compose passes unset variables on as empty ones.
    """
    values = Values()
    production = environ.get("ENVIRONMENT", "").strip(" '\"").lower() == "production"
    dotenv = {} if production else _read_dotenv(working_directory / ".env", values)
    if dotenv.get("ENVIRONMENT", "").lower() == "production":
        values.faults.append(
            "ENVIRONMENT is production in .env, which is read in development only: set it as a real variable."
        )
    merged = {name: text for name, text in {**dotenv, **environ}.items() if text}
    # A real variable beats .env in both its forms: NAME in the one and NAME_FILE in the other do not clash.
    for variable in VARIABLES:
        for name, twin in ((variable.name, variable.file_name), (variable.file_name, variable.name)):
            if environ.get(name) and not environ.get(twin):
                merged.pop(twin, None)
    for variable in VARIABLES:
        text = _text_of(variable, merged, production=production, values=values)
        if text is not None:
            values.texts[variable.name] = text
    values.warnings += _near_misses(merged)
    return values


def _text_of(
    variable: Variable, merged: Mapping[str, str], *, production: bool, values: Values
) -> str | None:
    text, file = merged.get(variable.name), merged.get(variable.file_name)
    if not variable.secret:
        file = None
    for name, found in ((variable.name, text), (variable.file_name, file)):
        if found and len(found) > 1 and found[0] in _QUOTES and found[-1] == found[0]:
            values.faults.append(
                f"{name} begins and ends with {found[0]}, and `docker run --env-file` keeps quotes "
                "as part of the value: remove them."
            )
            return None
    if text and file:
        values.faults.append(
            f"{variable.name} and {variable.file_name} are both set, and only one can be meant: "
            "unset one of them."
        )
        return None
    return _read_file(variable, Path(file), production=production, values=values) if file else text


def _read_file(variable: Variable, path: Path, *, production: bool, values: Values) -> str | None:
    where = f"{variable.file_name} names {path}"
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        values.faults.append(f"{where}, which cannot be read ({reason}): mount it, or correct the path.")
        return None
    if production and mode & (stat.S_IRWXG | stat.S_IRWXO):
        values.faults.append(
            f"{where}, which its group or others may read (mode {stat.S_IMODE(mode):04o}): make it 0400 "
            "for the user that runs the server."
        )
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        values.faults.append(f"{where}, which is empty: write the value into it.")
        return None
    return text


def _read_dotenv(path: Path, values: Values) -> dict[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        values.faults.append(f"{path} cannot be read ({error}): correct it, or remove it.")
        return {}
    found = {}
    for number, line in enumerate(lines, start=1):
        stripped = line.strip().removeprefix("export ").lstrip()
        if not stripped or stripped.startswith("#"):
            continue
        name, separator, value = stripped.partition("=")
        if not separator or not name.strip().replace("_", "a").isalnum():
            values.faults.append(f"{path} line {number} is not NAME=value: correct or remove it.")
            continue
        found[name.strip()] = _unquoted(value.strip())
    return found


def _unquoted(value: str) -> str:
    """Drop the quotes of a `.env` value, and a comment after an unquoted one, as compose does."""
    if value[:1] in _QUOTES and (end := value.find(value[0], 1)) > 0:
        return value[1:end]
    return value.partition(" #")[0].rstrip()


def _near_misses(names: Mapping[str, str]) -> list[str]:
    ours = [variable.name for variable in VARIABLES]
    known = {*ours, *(variable.file_name for variable in VARIABLES), *NEIGHBOURS}
    found = []
    for name in sorted(set(names) - known):
        close = difflib.get_close_matches(name, ours, n=1, cutoff=NEAR_MISS)
        if close and close[0][0] == name[0]:
            found.append(
                f"{name} is set, which this server does not read: if {close[0]} is meant, rename it."
            )
    return found
