"""What an update would do, read from the events of a preview; docs/plan.md describes the digest."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from scripts.stack.differences import Difference, between, said_by_the_program
from scripts.stack.output import MARKUP, NOISE
from scripts.stack.refreshed import WHILE_PLANNING, Drift, Part, drift, keeps, part

FORMAT = 1
"""Of the digest; a change that readers must know of raises it."""
LOSING = frozenset({"delete", "replace"})
ORDER = ("delete", "replace", "update", "create")
"""What a reader should see first."""
PROTECTED = re.compile(r"(marked for protection|because it is protected)")
"""How Pulumi says that it refuses to touch a resource; `at_risk` says it better where it says it too."""
GENERATED = re.compile(r"-[0-9a-f]{7}")
"""What Pulumi puts behind the name of a resource whose own name the program leaves to it."""


@dataclass(frozen=True)
class Change:
    """What would happen to a part, the differences that are the reason, and what it would be afterwards.

    `inputs` are what the program says, without the provider's defaults and generated names.
    """

    operation: str
    part: Part
    differences: Sequence[Difference]
    inputs: Any
    protected: bool
    retained: bool


@dataclass
class Plan:
    """Everything that one preview said; `unchanged` counts the parts that stay as they are."""

    unchanged: int = 0
    changes: list[Change] = field(default_factory=list)
    drift: list[Drift] = field(default_factory=list)
    at_risk: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def summary(self) -> Mapping[str, int]:
        """How many parts each operation is for."""
        counted = Counter(one.operation for one in self.changes)
        return {**{name: counted[name] for name in ORDER}, "unchanged": self.unchanged}

    @property
    def refusals(self) -> Sequence[str]:
        """Why this plan must not be applied."""
        return [*self.errors, *self.violations, *self.at_risk]

    def digest(self, stack: str, against: str) -> Mapping[str, Any]:
        """Return the plan for machines: the same plan gives the same digest, whenever and wherever made."""
        return {
            "format": FORMAT,
            "stack": stack,
            "against": against,
            "verdict": "refused" if self.refusals else "ok",
            "summary": self.summary,
            "changes": [_flat(one) for one in self.changes],
            "drift": [_flat(one) for one in self.drift],
            "dataAtRisk": self.at_risk,
            "violations": self.violations,
            "errors": self.errors,
        }


def read(events: Iterable[Mapping[str, Any]], *, given_up: frozenset[str] = frozenset()) -> Plan:
    """Read a plan; `given_up` are volumes whose loss somebody has agreed to by name."""
    plan, held = Plan(), list[str]()
    steps: dict[str, dict[str, Any]] = {}
    for event in events:
        if "resourcePreEvent" in event and _is_step(event["resourcePreEvent"]["metadata"]):
            _collect(steps, event["resourcePreEvent"]["metadata"])
        elif "resOutputsEvent" in event:
            plan.drift += drift(event["resOutputsEvent"]["metadata"], WHILE_PLANNING)
        elif "policyEvent" in event:
            plan.violations += _violation(event["policyEvent"])
        elif "diagnosticEvent" in event:
            told = event["diagnosticEvent"]
            (held if PROTECTED.search(told["message"]) else plan.errors).extend(_error(told))
    _settle_names(steps)
    plan.unchanged = sum(step["op"] == "same" for step in steps.values())
    changes = [_change(step) for step in steps.values() if step["op"] != "same"]
    plan.changes = sorted(changes, key=lambda one: (ORDER.index(one.operation), one.part.kind, one.part.name))
    plan.at_risk = [
        _risk(one)
        for one in plan.changes
        if one.operation in LOSING and one.part.name not in given_up and keeps(steps[one.part.urn]["old"])
    ]
    # Said better by `at_risk`, unless the loss is meant and only the protection is in its way.
    plan.errors += [] if plan.at_risk else held
    plan.drift.sort(key=lambda one: (one.part.kind, one.part.name, one.what))
    return plan


def _flat(one: Change | Drift) -> Mapping[str, Any]:
    found = asdict(one)
    return {**found.pop("part"), **found}


def _collect(steps: dict[str, dict[str, Any]], metadata: Mapping[str, Any]) -> None:
    """Add one step; Pulumi tells a replacement in three, each with a part of the reasons."""
    empty = {"op": "", "old": {}, "new": {}, "keys": set(), "diffs": set(), "part": part(metadata)}
    step = steps.setdefault(metadata["urn"], empty)
    operation = metadata["op"]
    step["op"] = "replace" if operation == "create-replacement" else operation
    step["old"] = metadata.get("old") or step["old"]
    step["new"] = metadata.get("new") or step["new"]
    step["keys"] |= set(metadata.get("keys") or ())
    step["diffs"] |= set(metadata.get("diffs") or ())


def _settle_names(steps: Mapping[str, dict[str, Any]]) -> None:
    """Put `NAME-*` for each name that Pulumi made up: every plan makes up another."""
    made_up = {}
    for step in steps.values():
        name, given = step["part"].name, (step["new"].get("inputs") or {}).get("name")
        if step["op"] in {"create", "replace"} and GENERATED.fullmatch(str(given).removeprefix(name)):
            made_up[given] = f"{name}-*"
    for step in steps.values():
        text = json.dumps(step["new"])
        for given, settled in made_up.items():
            text = text.replace(json.dumps(given), json.dumps(settled))
        step["new"] = json.loads(text)


def _is_step(metadata: Mapping[str, Any]) -> bool:
    """Whether something is said of a part: not of a component, a provider, or while looking for drift."""
    state = metadata.get("new") or metadata.get("old") or {}
    return bool(
        state.get("custom")
        and not metadata["type"].startswith("pulumi:")
        and metadata["op"] in {*ORDER, "create-replacement", "same"}
    )


def _change(step: Mapping[str, Any]) -> Change:
    old, new = step["old"], step["new"]
    compared = step["op"] in {"update", "replace"}
    state = new or old
    return Change(
        step["op"],
        step["part"],
        between(old, new, told=step["diffs"], forcing=step["keys"]) if compared else (),
        said_by_the_program(new.get("inputs") or {}),
        bool(state.get("protect")),
        bool(state.get("retainOnDelete")),
    )


def _risk(change: Change) -> str:
    name = change.part.name
    if change.operation == "replace":
        why = ", ".join(one.field for one in change.differences if one.forces) or "its definition"
        return (
            f"The volume {name} would be replaced over {why}, and its data with it: undo that edit, or "
            f"run it again with LOSE_VOLUMES={name} to mean it."
        )
    fate = "forgotten, and its data left unmanaged" if change.retained else "deleted"
    return (
        f"The volume {name} would be {fate}, because the program no longer declares it: declare it again, or "
        f"back it up and run it again with LOSE_VOLUMES={name} to mean it."
    )


def _violation(event: Mapping[str, Any]) -> Iterator[str]:
    if event["enforcementLevel"] == "mandatory":
        yield from event["message"].strip().splitlines()[1:]


def _error(event: Mapping[str, Any]) -> Iterator[str]:
    message = MARKUP.sub("", event["message"]).strip().removeprefix("error: ")
    if event["severity"] != "error" or any(noise in message for noise in (*NOISE, "preview failed")):
        return
    if PROTECTED.search(message):
        urn = event["urn"]
        message = (
            f"{urn.rpartition('::')[2]} is protected, and the update would remove it: "
            f"`pulumi state unprotect '{urn}'` releases it."
        )
    yield message
