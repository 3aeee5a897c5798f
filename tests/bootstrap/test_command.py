"""The command line: steps, exit codes, old Pythons."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.bootstrap import command
from scripts.bootstrap.machine import Answer, Machine
from scripts.bootstrap.refusal import EXIT_USAGE

from .conftest import DOCKER_INFO, MakeMachine, docker_info

ROOT = Path(__file__).resolve().parents[2]
ENTRY = ROOT / "scripts" / "bootstrap" / "__main__.py"


def test_an_old_python_can_parse_the_entry() -> None:
    tree = ast.parse(ENTRY.read_text(), feature_version=(3, 6))
    first = next(index for index, node in enumerate(tree.body) if isinstance(node, ast.If))
    before = [node for node in tree.body[:first] if isinstance(node, ast.ImportFrom)]
    assert before == [], "nothing of ours is imported before the version is checked"


def test_an_unknown_step_is_a_usage_error() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/bootstrap", "nonsense"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == EXIT_USAGE
    assert done.stdout == ""
    assert "the steps are engine, plugins, images, toolchain, python, browser, stop-engine" in done.stderr


def test_only_the_standard_library_is_needed() -> None:
    script = "import sys; sys.path[:0] = [sys.argv[1]]; import scripts.bootstrap.command"
    done = subprocess.run(
        [sys.executable, "-S", "-I", "-c", script, str(ROOT)], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.returncode == 0


@pytest.fixture
def ready(machine: MakeMachine, clone: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Stand on a machine that has everything, with the clone's environment in place."""
    here = machine()
    here.answers[str(clone / ".venv/bin/python"), "--version"] = Answer(0, "Python 3.13.1\n")
    monkeypatch.setattr(Machine, "this", classmethod(lambda _: here))
    monkeypatch.setattr(command.python, "current", lambda _: True)
    monkeypatch.setattr(command.signal, "signal", lambda *_: None)  # pytest keeps its own handlers
    return here


@pytest.mark.usefixtures("ready")
def test_a_good_machine_is_told_so_in_one_line(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([], str(clone)) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "Nothing is missing: Docker Engine 28.0, Pulumi 3.240.0, Python 3.13.1.\n"


@pytest.mark.parametrize("arguments", [["--quiet"], ["--quiet", "python"], ["python"]])
@pytest.mark.usefixtures("ready")
def test_make_and_single_steps_stay_quiet(
    clone: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert command.main(arguments, str(clone)) == 0
    assert capsys.readouterr() == ("", "")


def test_a_missing_plugin_is_not_called_nothing(
    machine: MakeMachine, clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here = machine()
    here.answers[DOCKER_INFO] = docker_info(plugins=("buildx",))
    command.report(here, clone)
    assert capsys.readouterr().err == ""
