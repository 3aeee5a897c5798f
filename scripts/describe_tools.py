"""Write what clients are shown of the tools into docs/tools.lock and docs/tools.md: `make describe-tools`.

A description is an instruction to a model: it changes only where somebody means it to. The lock holds a
SHA-256 of each tool as it is listed, a test compares them, and this command writes them anew.
"""

import argparse
import hashlib
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import orjson

from app.protocol.call import Call
from app.protocol.channel import SilentChannel
from app.protocol.revisions import REVISIONS
from app.protocol.session import Session
from app.protocol.tool_table import ToolTable
from app.protocol.tools import Tool
from app.providers.catalog import BUILT_IN
from app.tools.assembly import Parts, all_tools
from app.tools.choice import Choice
from app.tools.prompts import FORMS

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "docs" / "tools.lock"
PAGE = ROOT / "docs" / "tools.md"
HEADER = """\
# SHA-256 of each tool as clients are shown it: name, title, description, schemas, annotations.
# Written by `make describe-tools`; a test compares it with the code.
"""
_PROMPTS = "prompts"
_BLOCK = re.compile(r"(<!-- (\w+): written by make describe-tools -->\n).*?(<!-- end -->)", re.DOTALL)


def the_tools() -> tuple[Tool[Any], ...]:
    """Make the tools without what they work on, which nothing of their description needs."""
    nobody = cast("Any", SimpleNamespace(limits=SimpleNamespace(file_seconds=0.0)))
    parts = Parts(
        jobs=nobody,
        store=nobody,
        choice=Choice(BUILT_IN, ()),
        with_key=(),
        intake=nobody,
        searches=(),
        extractions=(),
        states=nobody,
        describe=nobody,
        allows=lambda _principal, _tool: True,
        changed=lambda _principal, _thread: None,
    )
    return all_tools(parts)


def listing() -> list[dict[str, Any]]:
    """Return the tools as the latest revision lists them."""
    call = Call(Session("nobody"), 0, REVISIONS[-1], SilentChannel())
    listed: list[dict[str, Any]] = ToolTable(the_tools()).list(call, {})["tools"]
    return listed


def lock_of(tools: list[dict[str, Any]]) -> str:
    """Return the text of the lock."""
    lines = [
        f"{entry['name']} {hashlib.sha256(orjson.dumps(entry, option=orjson.OPT_SORT_KEYS)).hexdigest()}\n"
        for entry in tools
    ]
    return HEADER + "".join(lines)


def page_of(page: str, tools: list[dict[str, Any]]) -> str:
    """Return the page with the block of each tool written anew; its examples and prose stay."""
    blocks = {entry["name"]: _block(entry) for entry in tools} | {_PROMPTS: _prompts()}
    return _BLOCK.sub(lambda match: f"{match[1]}{blocks[match[2]]}{match[3]}", page)


def _prompts() -> str:
    rows = [
        f"| `{form.name}` | {form.about} | "
        + ", ".join(
            f"**{name}**" if field.is_required() else name for name, field in form.model_fields.items()
        )
        + " |"
        for form in FORMS
    ]
    return "\n".join(
        ["| prompt | what it does | arguments (required ones in bold) |", "| --- | --- | --- |", *rows, ""]
    )


def _block(entry: dict[str, Any]) -> str:
    schema = entry["inputSchema"]
    rows = [
        f"| `{name}` | {_type(part)} | {'yes' if name in schema.get('required', ()) else _default(part)} "
        f"| {part.get('description', '')} |"
        for name, part in schema["properties"].items()
    ]
    table = (
        ["| argument | type | required, or default | meaning |", "| --- | --- | --- | --- |", *rows]
        if rows
        else []
    )
    return "\n".join([entry["description"], "", *table, *([""] if rows else [])])


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


def main() -> int:
    """Write both files, or with --check say whether they are what they should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 if something would change"
    )
    options = parser.parse_args()
    tools = listing()
    wanted = {LOCK: lock_of(tools), PAGE: page_of(PAGE.read_text(), tools)}
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    for path in stale:
        print(f"{path.relative_to(ROOT)} {'is stale' if options.check else 'written'}")
        if not options.check:
            path.write_text(wanted[path])
    return 1 if options.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
