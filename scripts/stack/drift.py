"""`drift`: what somebody changed behind Pulumi's back, as a table; non-zero if there is anything."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from infra import engine
from scripts.stack import parts
from scripts.stack.errors import StackError
from scripts.stack.session import Session

DRIFTED = 1
UNCHANGED = frozenset({"same", "refresh"})
WORDS = {"mustRun": "is not running", "healthcheck": "its health check"}
"""How a field is said to people."""


def drift(session: Session) -> int:
    """Compare what runs with the state; nothing is changed."""
    parts.require_engine()
    if not session.pulumi.resources():
        raise StackError(
            f"There is nothing to compare: the stack {session.file.stack} is not up, and "
            f"`{session.site.make('up')}` creates it."
        )
    pulumi = session.open()
    rows = [*_changed(pulumi.json("refresh", "--preview-only")), *_unhealthy(session)]
    if not rows:
        print("No drift: what runs is what the state says.")
        return 0
    width = max(len(name) for name, _ in rows)
    for name, what in rows:
        print(f"{name:<{width}}  {what}")
    print(f"`{session.site.make('up')}` mends it.")
    return DRIFTED


def _changed(digest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for one in digest.get("steps", []):
        if one["op"] in UNCHANGED:
            continue
        kind, _, name = one["urn"].rpartition("::")
        if one["op"] == "delete":
            yield name, f"{kind.rpartition(':')[2].lower()} is gone"
            continue
        for field in one.get("diffReasons") or ["something"]:
            yield name, _difference(one, field)


def _difference(one: Mapping[str, Any], field: str) -> str:
    before = one.get("oldState", {}).get("outputs", {}).get(field)
    after = one.get("newState", {}).get("outputs", {}).get(field)
    if field in WORDS:
        return WORDS[field]
    return f"{field} is {json.dumps(after)}, and should be {json.dumps(before)}"


def _unhealthy(session: Session) -> Iterator[tuple[str, str]]:
    """Name the containers that run without being healthy; Pulumi does not look at health."""
    for one in parts.containers(session.site):
        if one.runs and (state := engine.health(one.name)) != "healthy":
            yield one.name, f"is {state}"
