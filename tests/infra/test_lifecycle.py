"""What happens around the making of a container, on a made-up engine."""

from typing import Any

import pulumi
import pytest

from infra import engine
from infra.engine import EngineError, Listed, Ownership
from infra.lifecycle import Lifecycle, healthy
from infra.site import Site

NAME = "dev-redis"


class Engine:
    """Stands for the module `infra.engine`: one container, its health over time, and what was done to it."""

    def __init__(self, site: Site) -> None:
        self.there = [Listed("the-id", NAME, "running", site.prefix, site.checkout, frozenset())]
        self.health_over_time = ["healthy"]
        self.lines = ["first", "last"]
        self.done: list[tuple[str, str]] = []

    def containers(self) -> list[Listed]:
        return self.there

    def health(self, _name: str) -> str:
        return self.health_over_time.pop(0) if len(self.health_over_time) > 1 else self.health_over_time[0]

    def last_lines(self, _name: str) -> list[str]:
        return self.lines

    def ownership(self, _name: str) -> Ownership:
        return Ownership("sha256:1", "999:999", {"/data": "dev-redis", "/app/logs": "dev-logs"})

    def stop(self, name: str) -> None:
        self.done.append(("stop", name))

    def remove(self, name: str) -> None:
        self.done.append(("remove", name))


@pytest.fixture
def made_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> Engine:
    double = Engine(site)
    for name in ("containers", "health", "last_lines", "ownership", "stop", "remove"):
        monkeypatch.setattr(engine, name, getattr(double, name))
    monkeypatch.setattr("infra.lifecycle.POLL_SECONDS", 0)
    return double


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    for level in ("info", "warn", "error"):
        monkeypatch.setattr(pulumi.log, level, lines.append)
    return lines


def _lifecycle(site: Site, *accept: Any) -> Lifecycle:
    return Lifecycle(NAME, site, 1, accept)


def _failed(operation: str = "create") -> pulumi.ErrorHookArgs:
    return pulumi.ErrorHookArgs(
        urn="urn", id="", name=NAME, type="container", failed_operation=operation, errors=["not healthy"]
    )


def _made() -> pulumi.ResourceHookArgs:
    return pulumi.ResourceHookArgs(urn="urn", id="", name=NAME, type="container")


def test_what_an_interrupted_update_left_is_removed_first(
    site: Site, made_up: Engine, said: list[str]
) -> None:
    _lifecycle(site).clear_the_name(_made())

    assert made_up.done == [("remove", "the-id")]
    assert "an interrupted update left" in said[0]


def test_nothing_is_removed_where_nothing_is_left(site: Site, made_up: Engine) -> None:
    made_up.there = []

    _lifecycle(site).clear_the_name(_made())

    assert made_up.done == []


def test_a_foreign_container_of_our_name_is_not_removed(site: Site, made_up: Engine) -> None:
    made_up.there = [Listed("x", NAME, "running", "dev", "another checkout", frozenset())]

    with pytest.raises(EngineError, match="belongs to another checkout"):
        _lifecycle(site).clear_the_name(_made())

    assert made_up.done == []


def test_a_container_that_never_became_healthy_is_explained_and_stopped(
    site: Site, made_up: Engine, said: list[str]
) -> None:
    made_up.health_over_time = ["unhealthy"]

    retry = _lifecycle(site).explain(_failed())

    assert retry is False
    assert made_up.done == [("stop", NAME)]
    assert said[0].splitlines() == [
        f"The container {NAME} did not become healthy within 1 s; it is unhealthy, and said last:",
        f"  {NAME} | first",
        f"  {NAME} | last",
    ]


def test_a_failure_that_made_no_container_is_left_to_pulumi(
    site: Site, made_up: Engine, said: list[str]
) -> None:
    made_up.there = []

    _lifecycle(site).explain(_failed())

    assert made_up.done == []
    assert said == []


def test_a_container_that_could_not_be_changed_keeps_running(site: Site, made_up: Engine) -> None:
    _lifecycle(site).explain(_failed("update"))

    assert made_up.done == []


def test_a_volume_of_another_user_gets_the_command_that_mends_it(
    site: Site, made_up: Engine, said: list[str]
) -> None:
    made_up.lines = ["Can't open the append-only file in /data: Permission denied"]

    _lifecycle(site).explain(_failed())

    assert "dev-logs" not in said[0]
    assert said[0].endswith(
        "If the volume dev-redis belongs to another user, this gives it back: "
        "docker run --rm --user 0:0 --network none --entrypoint chown --volume dev-redis:/mnt sha256:1 "
        "-R 999:999 /mnt"
    )


async def test_the_hook_waits_until_the_container_is_healthy_and_then_asks(
    site: Site, made_up: Engine
) -> None:
    made_up.health_over_time = ["starting", "starting", "healthy"]
    asked: list[str] = []

    async def accept(name: str) -> None:
        asked.append(name)

    await _lifecycle(site, accept, accept).prove(_made())

    assert asked == [NAME, NAME]


@pytest.mark.parametrize("state", ["unhealthy", "exited"])
async def test_a_container_that_is_not_healthy_fails_with_its_last_lines(made_up: Engine, state: str) -> None:
    made_up.health_over_time = ["starting", state]

    with pytest.raises(
        pulumi.RunError, match=f"{NAME} is not healthy; it is {state}, and said last:\n.*first"
    ):
        await healthy(NAME, 60)


async def test_waiting_for_health_ends(made_up: Engine) -> None:
    made_up.health_over_time = ["starting"]

    with pytest.raises(pulumi.RunError, match="is not healthy; it is starting"):
        await healthy(NAME, 0)
