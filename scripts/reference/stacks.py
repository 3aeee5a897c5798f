"""The tables of what a stack file may say."""

from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from app.settings.variables import VARIABLES
from infra.settings import PRODUCTION, Settings
from infra.sources import OF_THE_STACK, SECRETS
from scripts.reference.blocks import table


def keys() -> str:
    """Return every key with its default, what it is for and what it takes."""
    rows = [
        (f"`{to_camel(name)}`", _default(name, field.default), field.title or "", field.description or "")
        for name, field in Settings.model_fields.items()
    ]
    return table(("key", "default", "meaning", "takes"), *rows)


def secrets() -> str:
    """Return every key that holds a secret, with what it is."""
    meanings = {variable.field: f"{variable.help} (`{variable.name}`)" for variable in VARIABLES}
    return table(
        ("key", "meaning"),
        *((f"`{key}`", (OF_THE_STACK | meanings)[name]) for key, name in SECRETS.items()),
    )


def _default(name: str, value: object) -> str:
    return _said(value) + (f" (production {_said(PRODUCTION[name])})" if name in PRODUCTION else "")


def _said(value: object) -> str:
    if isinstance(value, BaseModel):
        return "the house policy"
    if isinstance(value, bool):
        return f"`{value}`".lower()
    return f"`{value}`" if value else "none"
