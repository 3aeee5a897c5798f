"""Refuses true and false where a number is wanted: pydantic would take them for 1 and 0.

A quoted number it may take, since models write those; a boolean for a number nobody means.
"""

from typing import Any

from msgspec import Struct, field

_NUMBERS = frozenset({"integer", "number"})


class Numbers(Struct, frozen=True):
    """Where in a value numbers are wanted; branches that lead to none are left out."""

    here: bool = False
    properties: dict[str, "Numbers"] = field(default_factory=dict)
    items: "Numbers | None" = None


def numbers_in(schema: dict[str, Any]) -> Numbers | None:
    """Find the numbers a JSON Schema wants; None when there are none."""
    choices = schema.get("anyOf", [schema])
    types = {choice.get("type") for choice in choices}
    here = bool(types & _NUMBERS) and "boolean" not in types
    properties: dict[str, Numbers] = {}
    items: Numbers | None = None
    for choice in choices:
        for name, part in choice.get("properties", {}).items():
            found = numbers_in(part)
            if found is not None:
                properties[name] = found
        if isinstance(choice.get("items"), dict):
            items = numbers_in(choice["items"]) or items
    return Numbers(here, properties, items) if here or properties or items is not None else None


def misplaced_boolean(value: Any, numbers: Numbers, path: str = "") -> str | None:
    """Return the path of a boolean that stands where a number is wanted; None when there is none."""
    kind = type(value)
    if kind is bool:
        return path if numbers.here else None
    if kind is dict:
        for name, wanted in numbers.properties.items():
            if name in value:
                found = misplaced_boolean(value[name], wanted, f"{path}.{name}" if path else name)
                if found is not None:
                    return found
    elif kind is list and numbers.items is not None:
        for index, item in enumerate(value):
            found = misplaced_boolean(item, numbers.items, f"{path}.{index}")
            if found is not None:
                return found
    return None
