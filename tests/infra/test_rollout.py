"""How a rollout is waited for and explained, on a made-up Swarm."""

from dataclasses import replace

import pulumi
import pytest

from infra import cluster, rollout
from infra.cluster import Service, Task
from infra.engine import EngineError
from infra.rollout import Rollout, settled
from infra.settings import Settings
from infra.site import CHECKOUT_LABEL, STACK_LABEL, Site

NAME = "dev-exai-mcp-server"


class Swarm:
    """Stands for the module `infra.cluster`: one service whose update goes on from look to look."""

    def __init__(self, site: Site) -> None:
        labels = {STACK_LABEL: site.prefix, CHECKOUT_LABEL: site.checkout}
        self.found = Service("the-id", NAME, labels, 2, {}, {}, "", "")
        self.updates = [""]
        self.there = [_task("a", 1), _task("b", 2)]
        self.done: list[tuple[str, ...]] = []

    def named(self, *names: str) -> list[Service]:
        return [self.found] if self.found.name in names else []

    def service(self, _name: str) -> Service:
        update = self.updates.pop(0) if len(self.updates) > 1 else self.updates[0]
        return replace(self.found, update=update, message="a task failed")

    def tasks(self, *_names: str) -> list[Task]:
        return self.there

    def last_lines(self, task: Task) -> list[str]:
        return [f"{task.id} said this"]

    def roll_back(self, name: str) -> None:
        self.done.append(("roll back", name))

    def remove(self, name: str) -> None:
        self.done.append(("remove", name))

    def label(self, node: str, key: str) -> None:
        self.done.append(("label", node, key))


def _task(name: str, slot: int, state: str = "running", *, wanted: str = "running", fault: str = "") -> Task:
    return Task(name, "the-id", slot, wanted, state, fault, "", "2026")


@pytest.fixture
def swarm(site: Site, monkeypatch: pytest.MonkeyPatch) -> Swarm:
    double = Swarm(site)
    for name in [name for name in vars(Swarm) if not name.startswith("_")]:
        monkeypatch.setattr(cluster, name, getattr(double, name))
    monkeypatch.setattr(rollout, "POLL_SECONDS", 0)
    return double


def _rollout(site: Site, changed: set[str] | None = None) -> Rollout:
    return Rollout(
        NAME, site, Settings.model_validate({"healthyWithin": 1}), set() if changed is None else changed
    )


def _args() -> pulumi.ResourceHookArgs:
    return pulumi.ResourceHookArgs(urn="urn", id="the-id", name=NAME, type="service")


async def test_an_update_is_done_when_swarm_has_watched_it(site: Site, swarm: Swarm) -> None:
    changed: set[str] = set()
    swarm.updates = ["updating", "updating", "completed"]

    await _rollout(site, changed).replace(_args())

    assert changed == {NAME}
    assert swarm.done == []


@pytest.mark.parametrize("state", ["rollback_completed", "paused", "rollback_paused"])
async def test_an_update_that_swarm_took_back_fails_with_what_the_new_task_said(
    site: Site, swarm: Swarm, state: str
) -> None:
    made = _rollout(site)
    made.remember(_args())
    new = _task("c", 1, "failed", wanted="shutdown", fault="task: non-zero exit (1)")
    swarm.there = [_task("d", 1), new, *swarm.there]
    swarm.updates = ["updating", "rollback_started", state]

    with pytest.raises(pulumi.RunError) as caught:
        await made.replace(_args())

    assert str(caught.value).splitlines() == [
        f"The service {NAME} was not updated, and what ran before runs on (a task failed); a task of it is "
        "failed: task: non-zero exit (1), and said last:",
        f"  {NAME} | c said this",
    ]


async def test_a_task_that_finds_no_place_is_given_up_and_the_service_put_back(
    site: Site, swarm: Swarm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollout, "MARGIN_SECONDS", -1000)
    swarm.there = [_task("c", 1, "pending", fault="no suitable node"), *swarm.there]
    swarm.updates = ["updating"]

    with pytest.raises(pulumi.RunError, match="is pending: no suitable node"):
        await _rollout(site).replace(_args())

    assert swarm.done == [("roll back", NAME)]


async def test_a_new_service_that_breaks_again_and_again_is_removed(site: Site, swarm: Swarm) -> None:
    swarm.there = [_task("c", 1, "starting"), *(_task(name, 1, "failed") for name in "xyz")]

    with pytest.raises(pulumi.RunError, match=f"The service {NAME} is not healthy; a task of it is failed"):
        await _rollout(site).arrive(_args())

    assert swarm.done == [("remove", NAME)]


@pytest.mark.usefixtures("swarm")
async def test_a_new_service_is_waited_for(site: Site) -> None:
    changed: set[str] = set()

    await _rollout(site, changed).arrive(_args())

    assert changed == {NAME}


async def test_waiting_ends(swarm: Swarm) -> None:
    swarm.there = [_task("a", 1), _task("b", 2, "starting")]

    with pytest.raises(pulumi.RunError, match="is not healthy; a task of it is running"):
        await settled([NAME], 0)


async def test_a_missing_replica_is_not_settled_and_a_second_task_for_one_is_no_harm(swarm: Swarm) -> None:
    swarm.there = [_task("a", 1), _task("b", 2), _task("c", 2)]
    await settled([NAME], 0)

    swarm.there = [_task("a", 1), _task("b", 1)]
    with pytest.raises(pulumi.RunError):
        await settled([NAME], 0)


@pytest.mark.usefixtures("swarm")
async def test_a_service_that_somebody_removed_is_named() -> None:
    with pytest.raises(pulumi.RunError, match="The service dev-redis is gone"):
        await settled([NAME, "dev-redis"], 0)


def test_what_an_interrupted_update_left_is_removed_first(
    site: Site, swarm: Swarm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulumi.log, "warn", lambda _: None)

    _rollout(site).clear_the_name(_args())

    assert swarm.done == [("remove", "the-id")]


def test_a_foreign_service_of_our_name_is_not_removed(site: Site, swarm: Swarm) -> None:
    swarm.found = replace(swarm.found, labels={})

    with pytest.raises(EngineError, match=f"A service named {NAME} is there already"):
        _rollout(site).clear_the_name(_args())

    assert swarm.done == []
