"""The Python environment: skipped when nothing changed, made again when the lock did."""

from pathlib import Path

import pytest

from scripts.bootstrap import python
from scripts.bootstrap.machine import Answer
from scripts.bootstrap.refusal import EXIT_MISSING, Refusal

from .conftest import MakeMachine

RECORDING_UV = """#!/bin/sh
if [ "$1" = --version ]; then echo 'uv 0.13.9'; exit; fi
echo "$*" >> "$(dirname "$0")/calls"
mkdir -p .venv/bin && : > .venv/bin/python
"""


@pytest.fixture
def uv(tmp_path: Path) -> Path:
    program = tmp_path / "tools/uv"
    program.parent.mkdir()
    program.write_text(RECORDING_UV)
    program.chmod(0o755)
    return program


def calls(uv: Path) -> list[str]:
    return (uv.parent / "calls").read_text().splitlines()


def test_the_environment_is_synced_once_for_each_lock(machine: MakeMachine, clone: Path, uv: Path) -> None:
    here = machine(programs={"uv": str(uv)}, answers={(str(uv), "--version"): Answer(0, "uv 0.13.9")})
    python.supply(here, clone)
    assert python.current(clone)
    python.supply(here, clone)
    assert len(calls(uv)) == 1
    (clone / "uv.lock").write_text("version = 2\n")
    assert not python.current(clone)
    python.supply(here, clone)
    assert [call.split()[:2] for call in calls(uv)] == [["sync", "--locked"]] * 2


def test_an_environment_that_is_there_keeps_its_python(machine: MakeMachine, clone: Path, uv: Path) -> None:
    here = machine(programs={"uv": str(uv)}, answers={(str(uv), "--version"): Answer(0, "uv 0.13.9")})
    python.supply(here, clone)
    (clone / "uv.lock").write_text("version = 2\n")
    python.supply(here, clone)
    first, second = calls(uv)
    assert "--python" in first
    assert "--python" not in second


def test_a_removed_environment_is_made_again(machine: MakeMachine, clone: Path, uv: Path) -> None:
    here = machine(programs={"uv": str(uv)}, answers={(str(uv), "--version"): Answer(0, "uv 0.13.9")})
    python.supply(here, clone)
    (clone / ".venv/bin/python").unlink()
    assert not python.current(clone)


def test_a_failed_sync_is_not_taken_for_done(machine: MakeMachine, clone: Path, uv: Path) -> None:
    uv.write_text("#!/bin/sh\necho 'error: the lockfile needs to be updated' >&2; exit 1\n")
    here = machine(programs={"uv": str(uv)}, answers={(str(uv), "--version"): Answer(0, "uv 0.13.9")})
    with pytest.raises(Refusal, match=r"lockfile needs to be updated.*uv lock"):
        python.supply(here, clone)
    assert not python.current(clone)


def test_a_python_without_venv_is_told_the_package(machine: MakeMachine, clone: Path) -> None:
    (clone / "tools/uv.txt").write_text("uv==0.13.9\n")
    with pytest.raises(Refusal, match="apt-get install python3-venv") as refusal:
        python.supply(machine(programs={}, answers={}, superuser=False), clone)
    assert refusal.value.code == EXIT_MISSING
