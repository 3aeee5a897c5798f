"""The benchmark runs from end to end; what it measures is no test's business."""

import json
import math
import subprocess
import sys
from typing import Any

import pytest

from bench.contestants import ROOT
from bench.figures import FIGURES
from bench.samples import LoadGenerator

RUN_SECONDS = 300


@pytest.fixture(scope="module")
def run(generator: LoadGenerator) -> "subprocess.CompletedProcess[str]":  # noqa: ARG001 - for its skip
    command = [sys.executable, "-m", "bench", "--quick", "--json", "--seed", "1"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=RUN_SECONDS, check=False)


@pytest.fixture(scope="module")
def report(run: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout)
    return found


@pytest.mark.parametrize("key", [figure.key for figure in FIGURES])
def test_every_figure_is_finite_or_said_not_to_have_run(report: dict[str, Any], key: str) -> None:
    figure = next(entry for entry in report["figures"] if entry["figure"]["key"] == key)
    if figure["median"] is None:
        assert figure["reason"] in report["not_run"].values()
        return
    least, median, most = figure["least"], figure["median"], figure["most"]

    assert all(map(math.isfinite, (least, median, most)))
    assert least <= median <= most
    # Few sessions may open without one collection; everything else takes time and space.
    assert median > 0 or key == "pause"


def test_every_server_answered_calls(report: dict[str, Any]) -> None:
    lanes = report["readings"]["http 16x1"]

    assert all(lanes[lane][0]["calls_per_second"] > 0 for lane in ("bare", "handshake", "sdk handshake"))


def test_a_smoke_run_is_not_judged(report: dict[str, Any], run: "subprocess.CompletedProcess[str]") -> None:
    assert report["missed"] == []
    assert "too short to be judged" in run.stderr
