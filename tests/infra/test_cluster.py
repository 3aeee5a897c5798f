"""How a Swarm's own words are read."""

import json
from typing import Any

import pytest

from infra import cluster, engine
from infra.service import duration

SERVICE: dict[str, Any] = {
    "ID": "s1",
    "Spec": {
        "Name": "prod-redis",
        "Labels": {"exai.stack": "prod", "exai.checkout": "any"},
        "TaskTemplate": {
            "ContainerSpec": {"Image": "sha256:1"},
            "Placement": {"Constraints": ["node.role==worker", "node.id==n1"]},
        },
        "Mode": {"Replicated": {"Replicas": 2}},
    },
    "PreviousSpec": {"TaskTemplate": {"ContainerSpec": {"Image": "sha256:0"}}},
    "UpdateStatus": {"State": "completed", "Message": "update completed"},
}
TASK: dict[str, Any] = {
    "ID": "t1",
    "ServiceID": "s1",
    "Slot": 2,
    "DesiredState": "running",
    "CreatedAt": "2026-01-01T00:00:00Z",
    "Status": {"State": "running", "ContainerStatus": {"ContainerID": "c1"}},
}


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    answers: dict[str, str] = {}
    monkeypatch.setattr(engine, "ask", lambda *asked, **_: answers[" ".join(asked[:3])])
    return answers


def test_a_service_is_read(says: dict[str, str]) -> None:
    says["service ls --quiet"] = "s1\n"
    says["inspect --type service"] = json.dumps([SERVICE])

    (found,) = cluster.services()

    assert (found.name, found.replicas, found.update, found.image) == (
        "prod-redis",
        2,
        "completed",
        "sha256:1",
    )
    assert found.pinned_to == "n1"
    assert found.before == {"ContainerSpec": {"Image": "sha256:0"}}


def test_a_service_that_was_never_changed_and_runs_everywhere_is_read(says: dict[str, str]) -> None:
    spec = {**SERVICE["Spec"], "Mode": {"Global": {}}, "TaskTemplate": {"ContainerSpec": {"Image": "x"}}}
    says["service ls --quiet"] = "s1\n"
    says["inspect --type service"] = json.dumps([{"ID": "s1", "Spec": spec}])

    (found,) = cluster.services()

    assert (found.replicas, found.update, found.before, found.pinned_to) == (None, "", None, None)


def test_tasks_are_listed_the_latest_first(says: dict[str, str]) -> None:
    later = {**TASK, "ID": "t2", "CreatedAt": "2026-01-02T00:00:00Z"}
    failed = {**later, "DesiredState": "shutdown", "Status": {"State": "failed", "Err": "exit 1"}}
    says["service ps --quiet"] = "t1 t2"
    says["inspect --type task"] = json.dumps([TASK, failed])

    first, second = cluster.tasks("prod-redis")

    assert (first.id, first.broke, first.works, first.fault, first.container) == (
        "t2",
        True,
        False,
        "exit 1",
        "",
    )
    assert (second.id, second.broke, second.works, second.container) == ("t1", False, True, "c1")


def test_nothing_is_asked_about_no_service(says: dict[str, str]) -> None:
    assert cluster.tasks() == []
    assert says == {}


@pytest.mark.parametrize(
    ("swarm", "expected"),
    [
        ({"NodeID": "n1", "LocalNodeState": "active", "ControlAvailable": True, "Nodes": 3}, ("n1", True, 3)),
        ({"NodeID": "n1", "LocalNodeState": "active", "ControlAvailable": False}, ("n1", False, 0)),
        ({"NodeID": "", "LocalNodeState": "inactive", "ControlAvailable": False}, ("", False, 0)),
    ],
)
def test_what_an_engine_is_in_a_swarm(
    says: dict[str, str], swarm: dict[str, Any], expected: tuple[str, bool, int]
) -> None:
    says["info --format {{json .Swarm}}"] = json.dumps(swarm)

    found = cluster.membership()

    assert (found.node, found.manages, found.nodes) == expected


@pytest.mark.parametrize(
    ("seconds", "written"), [(0, "0s"), (5, "5s"), (60, "1m"), (150, "2m30s"), (3600, "1h"), (3661, "1h1m1s")]
)
def test_times_are_written_as_the_engine_reads_them_back(seconds: int, written: str) -> None:
    assert duration(seconds) == written


class Overtaken:
    """A Swarm in which somebody else is quicker this many times."""

    def __init__(self, times: int, said: str = "update out of sequence") -> None:
        self.left, self.said, self.asked = times, said, 0

    def __call__(self, *_: str, **__: object) -> str:
        self.asked += 1
        self.left -= 1
        if self.left >= 0:
            raise engine.EngineError(f"Docker refused: rpc error: {self.said}")
        return ""


@pytest.mark.parametrize("times", [0, 1, cluster.LABEL_TRIES - 1])
def test_a_mark_that_somebody_overtook_is_made_again(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    swarm = Overtaken(times)
    monkeypatch.setattr(engine, "ask", swarm)

    cluster.label("n1", "exai.volumes.prod")

    assert swarm.asked == times + 1


@pytest.mark.parametrize(
    ("swarm", "asked"),
    [(Overtaken(cluster.LABEL_TRIES), cluster.LABEL_TRIES), (Overtaken(1, "node n1 not found"), 1)],
    ids=["again and again", "another reason"],
)
def test_a_mark_that_cannot_be_made_is_no_endless_loop(
    monkeypatch: pytest.MonkeyPatch, swarm: Overtaken, asked: int
) -> None:
    monkeypatch.setattr(engine, "ask", swarm)

    with pytest.raises(engine.EngineError, match=swarm.said):
        cluster.label("n1", "exai.volumes.prod")

    assert swarm.asked == asked
