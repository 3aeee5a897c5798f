"""What a refresh found changed behind Pulumi's back, and what the next update does about it."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policy.content import holds_data
from policy.inputs import Resource
from scripts.stack.differences import Difference, found, said

WHILE_PLANNING = frozenset({"refresh"})
"""How the steps of a refresh are called inside a preview; its other steps are the plan."""
ALONE = frozenset({"refresh", "update", "delete"})
"""How they are called in a refresh by itself."""
STOPPED = "mustRun"
REPLICAS = "mode.replicated.replicas"


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
    for one in found(metadata.get("detailedDiff") or metadata.get("diffs") or (), old, new):
        mend = "the update starts it again" if one.field == STOPPED else "the update sets it back"
        yield Drift(who, _what(one), mend)


def _what(one: Difference) -> str:
    before, after = said(one.before), said(one.after)
    if one.field == STOPPED:
        return "is not running"
    if one.field == REPLICAS:
        return f"has {after} {'replica' if after == '1' else 'replicas'}, and should have {before}"
    return f"{one.field} is {after}, and should be {before}"


def keeps(state: Mapping[str, Any]) -> bool:
    """Whether a state is that of a volume with data."""
    return holds_data(Resource(state.get("type", ""), "", state.get("inputs") or {}))
