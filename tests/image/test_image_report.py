"""scripts/image_report.py: what it measures, and that a broken limit fails."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.image_content import Layer, Strays, builds_only
from scripts.image_report import Report

ROOT = Path(__file__).resolve().parent.parent.parent
REPORT_TIMEOUT_SECONDS = 1200
MB = 1_000_000


def _report(size: int = 190 * MB, strays: Strays = Strays((), ())) -> Report:  # noqa: B008 - frozen
    return Report(size, 128 * MB, 1000 * MB, strays, (Layer(62 * MB, "COPY x"),), 100.0, 0.4)


@pytest.mark.parametrize(
    "path",
    [
        "usr/bin/gcc",
        "usr/bin/gcc-14",
        "usr/bin/x86_64-linux-gnu-gcc-14",
        "usr/local/bin/pip3.13",
        "opt/venv/bin/uv",
        "usr/local/lib/python3.13/ensurepip/__init__.py",
        "opt/venv/lib/python3.13/site-packages/pulumi/__init__.py",
        "usr/lib/python3/dist-packages/wheel/__init__.py",
        "usr/share/python-wheels/pip-25.1.1-py3-none-any.whl",
    ],
)
def test_what_only_builds_is_recognised(path: str) -> None:
    assert builds_only(path)


@pytest.mark.parametrize(
    "path",
    [
        "opt/venv/bin/python3.13",
        "usr/bin/python3.13",
        "opt/venv/lib/python3.13/site-packages/uvloop/loop.so",
        "usr/share/doc/gcc-14-base/copyright",
        "usr/share/bash-completion/completions/make",
        "app/app/tools/status.py",
    ],
)
def test_what_runs_is_not_taken_for_it(path: str) -> None:
    assert not builds_only(path)


def test_no_fault_is_found_below_the_limits() -> None:
    assert _report().faults == []
    assert "All limits hold." in _report().as_text()


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (_report(size=229 * MB), ["adds 101.0 MB", "may add 100.0 MB"]),
        (_report(size=401 * MB), ["40.1%", "40.0%"]),
        (_report(strays=Strays(("usr/bin/gcc",), ())), ["only builds (usr/bin/gcc)"]),
        (_report(strays=Strays((), ("usr/bin/su",))), ["setuid or setgid files (usr/bin/su)"]),
    ],
)
def test_each_broken_limit_is_said(report: Report, words: list[str]) -> None:
    said = " ".join(report.faults)

    assert [word for word in words if word not in said] == []
    assert said in report.as_text().replace("\n", " ")


@pytest.mark.engine
def test_the_committed_image_holds_its_limits_and_a_tighter_one_fails() -> None:
    command = [sys.executable, "scripts/image_report.py", "--json"]
    environment = os.environ | {"PYTHONWARNINGS": "error"}
    held = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=REPORT_TIMEOUT_SECONDS,
    )
    broken = subprocess.run(
        [*command, "--no-build", "--max-added-mb", "1"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=REPORT_TIMEOUT_SECONDS,
    )

    assert held.returncode == 0, held.stdout + held.stderr
    measured = json.loads(held.stdout)
    assert measured["size"] - measured["base_size"] == measured["added"] <= 100 * MB
    assert sum(layer["size"] for layer in measured["layers"]) == measured["size"]
    assert broken.returncode == 1
    assert len(json.loads(broken.stdout)["faults"]) == 1
