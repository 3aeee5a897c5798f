"""What is asked of a Swarm through the engine that manages it: its machines, services and tasks.

Nothing here changes it except `label`, `roll_back` and `remove`, which are given one thing each.
"""

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra import engine
from infra.engine import EngineError
from infra.site import CHECKOUT_LABEL, SERVICE_LABEL, STACK_LABEL, Site

RUNNING = "running"
PENDING = "pending"
BROKEN = frozenset({"failed", "rejected"})
PINNED = "node.id=="
"""How a constraint begins that keeps a service on the machine with its volume."""


@dataclass(frozen=True)
class Membership:
    """What an engine is in a Swarm: `node` is its id there, empty outside of one; `nodes` counts all
    machines."""

    node: str
    manages: bool
    nodes: int


@dataclass(frozen=True)
class Node:
    """A machine of the Swarm: `memory` in bytes."""

    id: str
    name: str
    ready: bool
    cpus: float
    memory: int
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Task:
    """One run of a service, for the replica `slot` of it; `container` is empty before there is one."""

    id: str
    slot: int
    node: str
    wanted: str
    state: str
    fault: str
    container: str
    made: str

    @property
    def works(self) -> bool:
        """Whether it runs and has passed its probe, before which Swarm does not call it running."""
        return self.wanted == self.state == RUNNING

    @property
    def broke(self) -> bool:
        """Whether it ended by itself or could not be started."""
        return self.state in BROKEN


@dataclass(frozen=True)
class Service:
    """A service: `spec` is what its tasks should be made from, `update` how the last change of it stands."""

    id: str
    name: str
    labels: Mapping[str, str]
    replicas: int | None
    spec: Mapping[str, Any]
    before: Mapping[str, Any] | None
    update: str
    message: str

    @property
    def image(self) -> str:
        """What its tasks run."""
        return str(self.spec["ContainerSpec"]["Image"])

    @property
    def pinned_to(self) -> str | None:
        """The id of the one machine it may run on."""
        constraints = self.spec.get("Placement", {}).get("Constraints") or ()
        found = (one.removeprefix(PINNED) for one in constraints if one.startswith(PINNED))
        return next(found, None)


def membership() -> Membership:
    """Ask the engine what it is in a Swarm."""
    found: dict[str, Any] = json.loads(engine.ask("info", "--format", "{{json .Swarm}}"))
    node = found["NodeID"] if found["LocalNodeState"] == "active" else ""
    return Membership(node, bool(found["ControlAvailable"]), int(found.get("Nodes") or 0))


def nodes() -> Sequence[Node]:
    """List the machines."""
    ids = engine.ask("node", "ls", "--quiet").split()
    return [
        Node(
            one["ID"],
            one["Description"]["Hostname"],
            one["Status"]["State"] == "ready" and one["Spec"]["Availability"] == "active",
            one["Description"]["Resources"]["NanoCPUs"] / 1e9,
            one["Description"]["Resources"]["MemoryBytes"],
            one["Spec"].get("Labels") or {},
        )
        for one in _inspected("node", ids)
    ]


def services(site: Site) -> Sequence[Service]:
    """List the services of a stack."""
    labels = (f"label={STACK_LABEL}={site.prefix}", f"label={CHECKOUT_LABEL}={site.checkout}")
    filters = [part for label in labels for part in ("--filter", label)]
    return _services(engine.ask("service", "ls", "--quiet", *filters).split())


def service(name: str) -> Service | None:
    """Look one service up, by name or id, whoever made it."""
    with contextlib.suppress(EngineError):
        return next(iter(_services([name])), None)
    return None


def tasks(name: str) -> Sequence[Task]:
    """List the tasks of a service, the latest first."""
    found = [
        Task(
            one["ID"],
            one.get("Slot", 0),
            one.get("NodeID", ""),
            one["DesiredState"],
            one["Status"]["State"],
            one["Status"].get("Err", ""),
            one["Status"].get("ContainerStatus", {}).get("ContainerID", ""),
            one["CreatedAt"],
        )
        for one in _inspected("task", engine.ask("service", "ps", "--quiet", "--no-trunc", name).split())
    ]
    return sorted(found, key=lambda one: one.made, reverse=True)


def last_lines(task: Task) -> Sequence[str]:
    """Return the last lines of a task: from its container if that is on this engine, else from its
    machine."""
    tail = ("--tail", str(engine.LOG_LINES))
    for question in (("logs", *tail, task.container), ("service", "logs", "--raw", *tail, task.id)):
        said, lines = engine.both(*question) if question[-1] else (False, [])
        if said:
            return lines[-engine.LOG_LINES :]
    return []


def label(node: str, key: str) -> None:
    """Mark a machine."""
    engine.ask("node", "update", "--label-add", f"{key}=true", node)


def unlabel(node: str, key: str) -> None:
    """Take a mark off a machine."""
    engine.ask("node", "update", "--label-rm", key, node)


def roll_back(name: str) -> None:
    """Put a service back to what it was before its last change, and wait for no more than the order."""
    engine.ask("service", "rollback", "--detach", name)


def remove(name: str) -> None:
    """Remove one service."""
    engine.ask("service", "rm", name)


def _services(ids: Sequence[str]) -> Sequence[Service]:
    return [_service(one) for one in _inspected("service", ids)]


def _service(one: Mapping[str, Any]) -> Service:
    spec = one["Spec"]
    status = one.get("UpdateStatus") or {}
    replicated = spec["Mode"].get("Replicated")
    return Service(
        one["ID"],
        spec["Name"],
        spec.get("Labels") or {},
        int(replicated["Replicas"]) if replicated else None,
        spec["TaskTemplate"],
        (one.get("PreviousSpec") or {}).get("TaskTemplate"),
        status.get("State", ""),
        status.get("Message", ""),
    )


def _inspected(kind: str, ids: Sequence[str]) -> Sequence[dict[str, Any]]:
    if not ids:
        return []
    found: list[dict[str, Any]] = json.loads(engine.ask("inspect", "--type", kind, *ids))
    return found


def is_ours(found: Service, site: Site) -> bool:
    """Whether a service is of this stack."""
    mark = (found.labels.get(STACK_LABEL), found.labels.get(CHECKOUT_LABEL))
    return mark == (site.prefix, site.checkout)


def kind_of(found: Service) -> str:
    """Return which of the stack's services this is."""
    return found.labels.get(SERVICE_LABEL, "")
