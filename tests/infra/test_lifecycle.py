"""What happens around the making of a container, on a made-up engine."""

from collections.abc import Sequence

import pulumi
import pytest

from infra import engine
from infra.engine import EngineError, Listed, Ownership
from infra.lifecycle import Lifecycle, Terms, healthy, seen
from infra.site import Site

NAME = "dev-redis"
ID = "the-id"
STATUS = "HTTP/1.1 200 OK\r\n\r\n# pxname,svname,status,addr\nservers,peer1,{state},10.0.0.9:8079\n"


class Engine:
    """Stands for the module `infra.engine`: one container, its health over time, and what was done to it."""

    def __init__(self, site: Site) -> None:
        self.there = [Listed(ID, NAME, "running", site.prefix, site.checkout, "redis", "", frozenset())]
        self.health_over_time = ["healthy"]
        self.lines = ["first", "last"]
        self.done: list[tuple[str, ...]] = []
        self.states = ["UP"]

    def containers(self) -> list[Listed]:
        return self.there

    def of_stack(self, _site: Site, service: str | None = None) -> list[Listed]:
        return [one for one in self.there if service in {None, one.service}]

    def health(self, _name: str) -> str:
        return self.health_over_time.pop(0) if len(self.health_over_time) > 1 else self.health_over_time[0]

    def name_of(self, _container: str) -> str:
        return NAME

    def last_lines(self, _name: str) -> list[str]:
        return self.lines

    def ownership(self, _name: str) -> Ownership:
        return Ownership("sha256:1", "999:999", {"/data": "dev-redis", "/app/logs": "dev-logs"})

    def stop(self, name: str) -> None:
        self.done.append(("stop", name))

    def remove(self, name: str) -> None:
        self.done.append(("remove", name))

    def bound_processes(self, name: str, most: int) -> None:
        self.done.append(("bound", name, str(most)))

    def announce(self, container: str, network: str, alias: str) -> str:
        self.done.append(("announce", container, network, alias))
        return "10.0.0.9"

    def ask(self, *arguments: str) -> str:
        self.done.append(("ask", arguments[1]))
        return STATUS.format(state=self.states.pop(0) if len(self.states) > 1 else self.states[0])


@pytest.fixture
def made_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> Engine:
    double = Engine(site)
    for name in [name for name in vars(Engine) if not name.startswith("_")]:
        monkeypatch.setattr(engine, name, getattr(double, name))
    monkeypatch.setattr("infra.lifecycle.POLL_SECONDS", 0)
    return double


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    for level in ("info", "warn", "error"):
        monkeypatch.setattr(pulumi.log, level, lines.append)
    return lines


def _single(site: Site) -> Lifecycle:
    return Lifecycle(NAME, site, Terms("redis", 1, 64, name=NAME), [])


def _replica(site: Site, made: list[str] | None = None, behind: Sequence[str] = ()) -> Lifecycle:
    terms = Terms("exai-mcp-server", 1, 256, joins=0, behind=behind)
    return Lifecycle("dev-exai-mcp-server-1", site, terms, [] if made is None else made)


def _failed(operation: str = "create") -> pulumi.ErrorHookArgs:
    return pulumi.ErrorHookArgs(
        urn="urn", id="", name=NAME, type="container", failed_operation=operation, errors=["not healthy"]
    )


def _made() -> pulumi.ResourceHookArgs:
    inputs = {"networksAdvanced": [{"name": "dev-frontend-1"}, {"name": "dev-backend-1"}]}
    return pulumi.ResourceHookArgs(urn="urn", id=ID, name=NAME, type="container", new_inputs=inputs)


def test_what_an_interrupted_update_left_is_removed_first(
    site: Site, made_up: Engine, said: list[str]
) -> None:
    _single(site).clear_the_name(_made())

    assert made_up.done == [("remove", ID)]
    assert "an interrupted update left" in said[0]


def test_nothing_is_removed_where_nothing_is_left(site: Site, made_up: Engine) -> None:
    made_up.there = []

    _single(site).clear_the_name(_made())

    assert made_up.done == []


def test_a_foreign_container_of_our_name_is_not_removed(site: Site, made_up: Engine) -> None:
    made_up.there = [Listed("x", NAME, "running", "dev", "another checkout", "", "", frozenset())]

    with pytest.raises(EngineError, match="belongs to another checkout"):
        _single(site).clear_the_name(_made())

    assert made_up.done == []


def test_a_container_that_never_became_healthy_is_explained_and_stopped(
    site: Site, made_up: Engine, said: list[str]
) -> None:
    made_up.health_over_time = ["unhealthy"]

    retry = _single(site).explain(_failed())

    assert retry is False
    assert made_up.done == [("stop", ID)]
    assert said[0].splitlines() == [
        f"The container {NAME} did not become healthy within 1 s; it is unhealthy, and said last:",
        f"  {NAME} | first",
        f"  {NAME} | last",
    ]


def test_a_predecessor_that_works_is_not_stopped_with_its_failed_successor(
    site: Site, made_up: Engine, said: list[str]
) -> None:
    made_up.there = [*made_up.there, made_up.there[0].__class__(**{**vars(made_up.there[0]), "id": "new"})]
    made_up.health_over_time = ["healthy", "unhealthy"]

    _single(site).explain(_failed())

    assert made_up.done == [("stop", "new")]
    assert len(said) == 1


def test_a_failure_that_made_no_container_is_left_to_pulumi(
    site: Site, made_up: Engine, said: list[str]
) -> None:
    made_up.there = []

    _single(site).explain(_failed())

    assert made_up.done == []
    assert said == []


def test_a_container_that_could_not_be_changed_keeps_running(site: Site, made_up: Engine) -> None:
    _single(site).explain(_failed("update"))

    assert made_up.done == []


def test_a_volume_of_another_user_gets_the_command_that_mends_it(
    site: Site, made_up: Engine, said: list[str]
) -> None:
    made_up.health_over_time = ["unhealthy"]
    made_up.lines = ["Can't open the append-only file in /data: Permission denied"]

    _single(site).explain(_failed())

    assert "dev-logs" not in said[0]
    assert said[0].endswith(
        "If the volume dev-redis belongs to another user, this gives it back: "
        "docker run --rm --user 0:0 --network none --entrypoint chown --volume dev-redis:/mnt sha256:1 "
        "-R 999:999 /mnt"
    )


async def test_a_new_container_is_bounded_and_waited_for(site: Site, made_up: Engine) -> None:
    made_up.health_over_time = ["starting", "starting", "healthy"]

    await _single(site).let_in(_made())

    assert made_up.done == [("bound", ID, "64")]


async def test_one_that_worked_before_may_recover(made_up: Engine) -> None:
    made_up.health_over_time = ["unhealthy", "unhealthy", "healthy"]
    await healthy(ID, 60, may_recover=True)

    made_up.health_over_time = ["unhealthy"]
    with pytest.raises(pulumi.RunError, match=f"The container {NAME} is not healthy; it is unhealthy"):
        await healthy(ID, 60)
    with pytest.raises(pulumi.RunError, match="it is unhealthy"):
        await healthy(ID, 0, may_recover=True)


async def test_a_replica_gets_its_alias_only_when_it_is_healthy(site: Site, made_up: Engine) -> None:
    made: list[str] = []
    made_up.health_over_time = ["starting", "healthy"]

    await _replica(site, made).let_in(_made())

    assert made_up.done == [
        ("bound", ID, "256"),
        ("announce", ID, "dev-frontend-1", "exai-mcp-server"),
    ]
    assert made == [ID]


async def test_a_replica_that_never_becomes_healthy_gets_no_work(site: Site, made_up: Engine) -> None:
    made_up.health_over_time = ["starting", "unhealthy"]

    with pytest.raises(pulumi.RunError, match="is not healthy"):
        await _replica(site).let_in(_made())

    assert made_up.done == [("bound", ID, "256")]


async def test_a_replica_counts_as_made_when_those_in_front_give_it_work(site: Site, made_up: Engine) -> None:
    front = Listed("front", "dev-edge-1", "running", site.prefix, site.checkout, "edge", "", frozenset())
    ended = Listed("ended", "dev-edge-2", "exited", site.prefix, site.checkout, "edge", "", frozenset())
    made_up.there = [*made_up.there, front, ended]
    made_up.states = ["DOWN", "MAINT", "UP"]

    await _replica(site, behind=("edge",)).let_in(_made())

    assert made_up.done[2:] == [("ask", "front")] * 3


async def test_waiting_for_those_in_front_ends(made_up: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    made_up.states = ["DOWN"]
    monkeypatch.setattr("infra.lifecycle.SEEN_SECONDS", 0)

    with pytest.raises(
        pulumi.RunError, match=r"dev-redis did not give work to 10\.0\.0\.9 within 0 s; .*last"
    ):
        await seen("front", "10.0.0.9")


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
