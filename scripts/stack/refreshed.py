"""What a refresh found changed behind Pulumi's back, and what the next update does about it."""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policy.content import holds_data
from policy.inputs import Resource
from scripts.stack.differences import fields

WHILE_PLANNING = frozenset({"refresh"})
"""How the steps of a refresh are called inside a preview; its other steps are the plan."""
ALONE = frozenset({"refresh", "update", "delete"})
"""How they are called in a refresh by itself."""
WORDS = {
    "mustRun": "is not running",
    "mode.replicated.replicas": "has {after} replicas, and should have {before}",
}
"""How a field that differs is said to people."""


@dataclass(frozen=True)
class Part:
    """A resource that the engine has, named as people know it."""

    kind: str
    name: str
    urn: str


@dataclass(frozen=True)
class Drift:
    """What somebody changed behind Pulumi's back: `what` is wrong, `mend` is what the next update does."""

    part: Part
    what: str
    mend: str


def part(metadata: Mapping[str, Any]) -> Part:
    """Return who a step is about."""
    urn = metadata["urn"]
    kind = re.sub(r"(?<!^)([A-Z])", r" \1", metadata["type"].rpartition(":")[2])
    return Part(kind.lower(), urn.rpartition("::")[2], urn)


def drift(metadata: Mapping[str, Any], steps: Collection[str]) -> Iterator[Drift]:
    """Yield what one step found; nothing for a step that is not called as `steps` says."""
    old, new = metadata.get("old") or {}, metadata.get("new") or {}
    if metadata["op"] not in steps or not old.get("custom"):
        return
    who = part(metadata)
    if not new.get("outputs"):
        again = "the update makes it again"
        yield Drift(who, "is gone", f"{again}, empty: restore a backup then" if keeps(old) else again)
        return
    for one in fields(metadata.get("diffs") or (), old, new):
        before, after = _said(one.before), _said(one.after)
        word = WORDS.get(one.field, f"{one.field} is {after}, and should be {before}")
        mend = "the update starts it again" if one.field == "mustRun" else "the update sets it back"
        yield Drift(who, word.format(before=before, after=after), mend)


def keeps(state: Mapping[str, Any]) -> bool:
    """Whether a state is that of a volume with data."""
    return holds_data(Resource(state.get("type", ""), "", state.get("inputs") or {}))


def _said(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
