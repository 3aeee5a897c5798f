"""The engine that the bootstrap starts: it outlives the run, and only it is ever ended."""

import os
from pathlib import Path

import pytest

from scripts.bootstrap import engine
from scripts.bootstrap.refusal import Refusal

from .conftest import DOCKER_INFO, FakeMachine, MakeMachine, docker_info


@pytest.fixture
def with_dockerd(machine: MakeMachine, tmp_path: Path) -> FakeMachine:
    """Put a process that waits to be ended on PATH under the engine's name."""
    program = tmp_path / "bin/dockerd"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho started\nexec sleep 600\n")
    program.chmod(0o755)
    environ = {"PATH": f"{program.parent}:{os.defpath}", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    return machine(environ=environ)


def test_the_engine_gets_a_session_of_its_own_and_is_ended_by_its_record(with_dockerd: FakeMachine) -> None:
    child = engine.start(with_dockerd)
    try:
        assert os.getsid(child.pid) == child.pid != os.getsid(0)
        assert engine.stop(with_dockerd) is True
        assert child.wait(10) != 0
        assert engine.stop(with_dockerd) is False
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()


def test_an_engine_that_dies_at_once_is_told_with_its_last_line(
    machine: MakeMachine, with_dockerd: FakeMachine, tmp_path: Path
) -> None:
    (tmp_path / "bin/dockerd").write_text("#!/bin/sh\necho 'failed to mount overlay' >&2; exit 1\n")
    programs = {"docker": "/usr/bin/docker", "dockerd": str(tmp_path / "bin/dockerd")}
    dead = machine(environ=with_dockerd.environ, programs=programs)
    dead.answers[DOCKER_INFO] = docker_info(error="Cannot connect to the Docker daemon")
    with pytest.raises(Refusal, match="failed to mount overlay"):
        engine.supply(dead)


@pytest.mark.parametrize(
    "record", ["", "{}", '{"pid": 1, "started": "0"}', '{"pid": 999999999, "started": "5"}']
)
def test_an_engine_that_we_did_not_start_is_not_stopped(machine: MakeMachine, record: str) -> None:
    here = machine()
    here.cache.mkdir(parents=True)
    (here.cache / "dockerd.json").write_text(record)
    assert engine.stop(here) is False


def test_without_a_record_there_is_nothing_to_stop(machine: MakeMachine) -> None:
    assert engine.stop(machine()) is False
