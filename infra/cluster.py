"""What is asked of a Swarm through the engine that manages it: its machines, services and tasks.

Nothing here changes it except `label`, `roll_back` and `remove`, which are given one thing each.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra import engine
from infra.engine import EngineError
from infra.site import CHECKOUT_LABEL, STACK_LABEL, Site

RUNNING = "running"
PENDING = "pending"
BROKEN = frozenset({"failed", "rejected"})
OVERTAKEN = "update out of sequence"
LABEL_TRIES = 5
PINNED = "node.id=="
"""How a constraint begins that keeps a service on the machine with its volume."""


@dataclass(frozen=True)
class Membership:
    """What an engine is in a Swarm: `node` is its id there, empty outside; `nodes` counts all machines."""

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
    """One run of a service (by id) as its replica `slot`; `container` is empty before there is one."""

    id: str
    service: str
    slot: int
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
        for one in engine.inspected("node", ids)
    ]


def services() -> Sequence[Service]:
    """List every service of the Swarm."""
    return [
        _service(one) for one in engine.inspected("service", engine.ask("service", "ls", "--quiet").split())
    ]


def named(*names: str) -> Sequence[Service]:
    """Return those of these services that there are."""
    return [_service(one) for one in engine.inspected("service", names)]


def of_stack(site: Site) -> Sequence[Service]:
    """List the services of a stack."""
    return [found for found in services() if is_ours(found, site)]


def service(name: str) -> Service | None:
    """Look one service up, by name or id, whoever made it."""
    return next(iter(named(name)), None)


def tasks(*names: str) -> Sequence[Task]:
    """List the tasks of those of these services that there are, the latest first."""
    question = ("service", "ps", "--quiet", "--no-trunc", *names)
    ids = engine.ask(*question, may_be_gone=True).split() if names else []
    found = [
        Task(
            one["ID"],
            one["ServiceID"],
            one.get("Slot", 0),
            one["DesiredState"],
            one["Status"]["State"],
            one["Status"].get("Err", ""),
            one["Status"].get("ContainerStatus", {}).get("ContainerID", ""),
            one["CreatedAt"],
        )
        for one in engine.inspected("task", ids)
    ]
    return sorted(found, key=lambda one: one.made, reverse=True)


def last_lines(task: Task) -> Sequence[str]:
    """Return the last lines of a task, from its container here, else from the machine that has it."""
    tail = ("--tail", str(engine.LOG_LINES))
    for question in (("logs", *tail, task.container), ("service", "logs", "--raw", *tail, task.id)):
        said, lines = engine.both(*question) if question[-1] else (False, [])
        if said:
            return lines[-engine.LOG_LINES :]
    return []


def label(node: str, key: str) -> None:
    """Mark a machine; of two that do so at the same moment one is refused, and asks again."""
    for left in reversed(range(LABEL_TRIES)):
        try:
            engine.ask("node", "update", "--label-add", f"{key}=true", node)
        except EngineError as error:
            if left == 0 or OVERTAKEN not in str(error):
                raise
        else:
            return


def unlabel(node: str, key: str) -> None:
    """Take a mark off a machine."""
    engine.ask("node", "update", "--label-rm", key, node)


def roll_back(name: str) -> None:
    """Put a service back to what it was before its last change, and wait for no more than the order."""
    engine.ask("service", "rollback", "--detach", name)


def remove(name: str) -> None:
    """Remove one service."""
    engine.ask("service", "rm", name)


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


def is_ours(found: Service, site: Site) -> bool:
    """Whether a service is of this stack."""
    mark = (found.labels.get(STACK_LABEL), found.labels.get(CHECKOUT_LABEL))
    return mark == (site.prefix, site.checkout)
