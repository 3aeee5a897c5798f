"""Where values come from: the environment, files named by `<NAME>_FILE`, and `.env` in development."""

import stat
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from app import dotenv
from app.dotenv import Dotenv
from app.settings import names
from app.settings.variables import VARIABLES, Variable

_QUOTES = ("'", '"')


class Values(Struct):
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
    file = Dotenv() if production else dotenv.read(working_directory / ".env")
    values.faults += file.faults
    values.warnings += file.warnings
    if file.values.get("ENVIRONMENT", "").lower() == "production":
        values.faults.append(
            "ENVIRONMENT is production in .env, which is read in development only: set it as a real variable."
        )
    merged = {name: text for name, text in {**file.values, **environ}.items() if text}
    # A real variable beats .env in both its forms: NAME in the one and NAME_FILE in the other do not clash.
    for variable in VARIABLES:
        for name, twin in ((variable.name, variable.file_name), (variable.file_name, variable.name)):
            if environ.get(name) and not environ.get(twin):
                merged.pop(twin, None)
    for variable in VARIABLES:
        text = _text_of(variable, merged, production=production, values=values)
        if text is not None:
            values.texts[variable.name] = text
    values.warnings += _near_misses(environ)
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


def _near_misses(environ: Mapping[str, str]) -> list[str]:
    present = frozenset(name for name, text in environ.items() if text)
    return [
        f"{name} is set, which this server does not read: if {meant} is meant, rename it."
        for name in sorted(present)
        if (meant := names.meant_beside(name, present))
    ]
