"""The tables of the server's variables and of server.toml."""

from decimal import Decimal

from pydantic import BaseModel

from app.settings.files import Files
from app.settings.limits import Limits
from app.settings.server_file import Budget, Client, Project
from app.settings.variables import VARIABLES
from scripts.reference.blocks import table


def variables() -> str:
    """Return every variable with its default and meaning."""
    rows = [
        (
            f"`{variable.name}`{', *secret*' if variable.secret else ''}",
            (f"`{variable.default}`" if variable.default else "none")
            + (f" (production `{variable.production}`)" if variable.production else ""),
            variable.help,
        )
        for variable in VARIABLES
    ]
    return table(("variable", "default", "meaning"), *rows)


def clients() -> str:
    """Return the keys of one client; none has a default."""
    rows = [(f"`{name}`", field.description or "") for name, field in Client.model_fields.items()]
    return table(("key of `[clients.<name>]`", "meaning"), *rows)


def budgets() -> str:
    """Return the keys of the budgets."""
    return table(
        ("key", "default", "meaning"),
        *_rows(Budget, "`[budget]` "),
        *_rows(Project, "`[projects.<name>]` "),
    )


def files() -> str:
    """Return the keys of `[files]`."""
    return table(("key", "default", "meaning"), *_rows(Files))


def limits() -> str:
    """Return the keys of `[limits]`, each with what follows for whoever goes past it."""
    return table(("key", "default", "meaning: what follows"), *_rows(Limits))


def _rows(record: type[BaseModel], where: str = "") -> list[tuple[str, ...]]:
    return [
        (f"{where}`{name}`", _default(field.default), field.description or "")
        for name, field in record.model_fields.items()
    ]


def _default(value: object) -> str:
    if isinstance(value, float | Decimal) and value == int(value):
        value = int(value)
    return f"{value:,}" if isinstance(value, int | float | Decimal) else "none"
