"""Looking: what `docker info` and `pulumi version` mean."""

from pathlib import Path

import pytest

from scripts.bootstrap import look, world
from scripts.bootstrap.look import EngineState
from scripts.bootstrap.machine import NO_ANSWER, Answer, Machine, version
from scripts.bootstrap.world import World

from .conftest import DOCKER_INFO, MakeMachine, docker_info


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (docker_info(), EngineState.ANSWERS),
        (docker_info(error="Cannot connect to the Docker daemon"), EngineState.STOPPED),
        (docker_info(error="Got permission denied while trying to connect"), EngineState.DENIED),
        (Answer(1, err="dial unix /var/run/docker.sock: connect: permission denied"), EngineState.DENIED),
        (Answer(NO_ANSWER, err="no answer within 15 s"), EngineState.SILENT),
        (Answer(0, "null"), EngineState.STOPPED),
    ],
)
def test_the_engine_is_judged_by_its_answer(machine: MakeMachine, answer: Answer, state: EngineState) -> None:
    here = machine()
    here.answers[DOCKER_INFO] = answer
    assert look.engine(here).state is state


def test_no_docker_on_path_is_an_absent_engine(machine: MakeMachine) -> None:
    assert look.engine(machine(programs={})).state is EngineState.ABSENT


def test_plugins_and_mirrors_come_from_the_same_answer(machine: MakeMachine) -> None:
    here = machine()
    here.answers[DOCKER_INFO] = docker_info(plugins=("compose",), mirrors=("https://mirror.example",))
    engine = look.engine(here)
    assert look.missing_plugins(engine) == ["buildx"]
    assert engine.mirrors
    assert here.asked == [DOCKER_INFO]


@pytest.mark.parametrize(
    ("text", "numbers", "usable"),
    [("v3.238.0\n", (3, 238, 0), True), ("v3.237.9", (3, 237, 9), False), ("v4.0.0-rc.1", (4, 0, 0), True)],
)
def test_pulumi_is_usable_from_3_238_on(
    machine: MakeMachine, text: str, numbers: tuple[int, ...], usable: bool
) -> None:
    here = machine()
    here.answers["/usr/local/bin/pulumi", "version"] = Answer(0, text)
    found = look.pulumi(here)
    assert (found.version, found.usable) == (numbers, usable)


def test_a_pulumi_that_says_nothing_is_not_usable(machine: MakeMachine) -> None:
    here = machine()
    here.answers["/usr/local/bin/pulumi", "version"] = Answer(1, "")
    assert not look.pulumi(here).usable


def test_text_without_a_version_is_older_than_everything() -> None:
    assert version("no number") < (0, 1)


def test_what_the_bootstrap_built_does_not_count_as_the_users_own(tmp_path: Path) -> None:
    for folder in ("cache/exai-mcp-server/toolchain-1/bin", "own"):
        (tmp_path / folder).mkdir(parents=True)
    built = tmp_path / "cache/exai-mcp-server/toolchain-1/bin"
    (built / "pulumi").write_text("#!/bin/sh\n")
    (built / "pulumi").chmod(0o755)
    environ = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PATH": f"{built}:{tmp_path / 'own'}"}
    here = Machine("linux", "amd64", "debian", superuser=False, systemd=False, environ=environ)
    assert here.which("pulumi") is None
    (built / "pulumi").rename(tmp_path / "own/pulumi")
    assert here.which("pulumi") == tmp_path / "own/pulumi"


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        ({"get.pulumi.com", "pypi.org"}, World.OFFICIAL),
        ({"pypi.org"}, World.REGISTRIES_ONLY),
        (set(), World.OFFLINE),
    ],
)
def test_the_network_is_told_by_who_answers(machine: MakeMachine, hosts: set[str], expected: World) -> None:
    assert world.look(machine(hosts=hosts)) is expected


def test_a_company_index_counts_as_a_registry(machine: MakeMachine) -> None:
    here = machine(environ={"PIP_INDEX_URL": "https://pypi.example/simple"})
    assert world.look(here) is World.REGISTRIES_ONLY


def test_a_host_that_cannot_be_named_is_not_reached(tmp_path: Path) -> None:
    here = Machine("linux", "amd64", "", superuser=False, systemd=False, environ={}, home=tmp_path)
    assert not here.reaches("https://no-such-host.invalid/")
