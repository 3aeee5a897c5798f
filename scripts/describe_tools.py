"""Write a digest of what clients are shown of each tool into docs/tools.lock: `make describe-tools`.

A description is an instruction to a model: it changes only where somebody means it to. The lock holds a
SHA-256 of each tool as it is listed, a test compares them, and this command writes them anew.
"""

import hashlib
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

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "docs" / "tools.lock"
HEADER = """\
# SHA-256 of each tool as clients are shown it: name, title, description, schemas, annotations.
# Written by `make describe-tools`; a test compares it with the code.
"""


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


def main() -> None:
    """Write the lock."""
    LOCK.write_text(lock_of(listing()))


if __name__ == "__main__":
    main()
