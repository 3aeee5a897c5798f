"""The benchmark of the stores runs from end to end; what it measures is no test's business."""

import json
import math
import subprocess
import sys
from typing import Any

import pytest

from bench.contestants import ROOT
from bench.stores.figures import FIGURES

RUN_SECONDS = 300


@pytest.fixture(scope="module")
def run() -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "bench.stores", "--quick", "--json"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=RUN_SECONDS, check=False)


@pytest.mark.parametrize("key", [figure.key for figure in FIGURES])
def test_every_figure_is_finite_or_said_not_to_have_run(
    run: "subprocess.CompletedProcess[str]", key: str
) -> None:
    assert run.returncode == 0, run.stderr
    report: dict[str, Any] = json.loads(run.stdout)
    figure = next(entry for entry in report["figures"] if entry["figure"]["key"] == key)
    if figure["median"] is None:
        assert figure["reason"] in run.stderr
        return

    assert math.isfinite(figure["median"])
    assert figure["median"] > 0
    assert "too short to be judged" in run.stderr


def test_an_append_to_postgres_is_one_round_trip(run: "subprocess.CompletedProcess[str]") -> None:
    readings = json.loads(run.stdout)["readings"]["postgres appends"]["ours"]
    if readings == [None]:
        pytest.skip(next(line for line in run.stderr.splitlines() if line.startswith("not run: ")))

    assert [reading["round_trips"] for reading in readings] == [1.0]
