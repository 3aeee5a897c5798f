"""The whole benchmark runs on the Python of the image, or says why it does not."""

import os
import sys
from pathlib import Path

import pytest

from bench import interpreter

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


def _program(path: Path, says: str) -> Path:
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\n{says}\n")
    path.chmod(0o755)
    return path


def _change(root: Path) -> list[str]:
    said: list[str] = []
    interpreter.change(root, "bench", [], said.append)
    return said


def test_on_the_images_python_nothing_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreter, "VERSION", HERE)

    assert _change(tmp_path) == []


def test_it_changes_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreter, "VERSION", "3.99")
    monkeypatch.setenv(interpreter.CHANGED, "3.99")

    assert _change(tmp_path) == []


def test_without_that_python_it_says_on_which_it_measures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One that is in PATH and answers nothing, as a version manager's does for a version nobody has chosen.
    _program(tmp_path / "bin" / "python3.99", "exit 127")
    monkeypatch.setattr(interpreter, "VERSION", "3.99")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))

    assert _change(tmp_path) == [
        f"Measured on Python {HERE}: the image ships 3.99, which this machine has not."
    ]


def test_with_that_python_it_goes_on_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = _program(tmp_path / "versions" / "3.99.1" / "bin" / "python3.99", "echo 3.99")
    made: list[tuple[Path, Path]] = []
    went: list[list[str]] = []
    monkeypatch.setattr(interpreter, "VERSION", "3.99")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setattr(
        interpreter.python,
        "environment",
        lambda _machine, _root, folder, python: made.append((folder, python)),
    )
    monkeypatch.setattr(interpreter.os, "execve", lambda _program, command, _environ: went.append(command))

    assert _change(tmp_path) == []

    folder = tmp_path / ".exai" / "python-3.99"
    assert made == [(folder, found)]
    assert went == [[str(folder / "bin" / "python"), "-m", "bench"]]
