"""What clients are shown of each tool and each prompt."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from app.tools.prompts import FORMS
from scripts.describe_tools import listing
from scripts.reference.blocks import table


def tools() -> Mapping[str, Callable[[], str]]:
    """Return the block of each tool, by its name."""
    return {entry["name"]: partial(_block, entry) for entry in listing()}


def prompts() -> str:
    """Return every prompt with its arguments."""
    rows = [
        (
            f"`{form.name}`",
            form.about,
            ", ".join(
                f"**{name}**" if field.is_required() else name for name, field in form.model_fields.items()
            ),
        )
        for form in FORMS
    ]
    return table(("prompt", "what it does", "arguments (required ones in bold)"), *rows)


def _block(entry: Mapping[str, Any]) -> str:
    schema = entry["inputSchema"]
    rows = [
        (
            f"`{name}`",
            _type(part),
            "yes" if name in schema.get("required", ()) else _default(part),
            part.get("description", ""),
        )
        for name, part in schema["properties"].items()
    ]
    shown = table(("argument", "type", "required, or default", "meaning"), *rows)
    return f"{entry['description']}\n" + (f"\n{shown}" if rows else "")


def _default(part: dict[str, Any]) -> str:
    return f"`{part['default']}`" if "default" in part else ""


def _type(part: dict[str, Any]) -> str:
    if "enum" in part:
        return ", ".join(f"`{value}`" for value in part["enum"])
    if part["type"] == "array":
        return (
            "list of files" if part["items"].get("type") == "object" else f"list of {part['items']['type']}s"
        )
    bounds = [
        f"{word} {part[key]:,}"
        for key, word in (("minimum", "from"), ("maximum", "to"), ("maxLength", "at most"))
        if key in part and part[key] != 0
    ]
    kind = {"string": "text", "integer": "number", "boolean": "true or false"}.get(part["type"], part["type"])
    return f"{kind} ({', '.join(bounds)})" if bounds else kind
