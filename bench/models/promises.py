"""What is promised of model calls and counted rather than timed: tests, run here and named in the table."""

import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

from bench.contestants import ROOT

SECONDS = 1800


@dataclass(frozen=True, slots=True)
class Promise:
    """One row: what is promised, and the tests that count it."""

    title: str
    tests: tuple[str, ...]


PROMISES = (
    Promise(
        "200 calls at once on a budget of 50, each store: 50 reach the vendor, overshoot 0",
        ("tests/durability/test_budget.py",),
    ),
    Promise(
        "every error row of the vendors: kind, retries, sentence; the fake's own count agrees",
        ("tests/app/providers/test_refusals.py", "tests/app/providers/test_money.py"),
    ),
    Promise(
        "kill -9 during 100 paid calls, each store: none lost, none run twice, money adds up",
        ("tests/durability/test_kill.py",),
    ),
    Promise(
        "client gone during 50 answers, each store: 50 collected whole from another connection",
        ("tests/durability/test_collect.py",),
    ),
)


@dataclass(frozen=True, slots=True)
class Kept:
    """What the tests of one promise came to."""

    promise: Promise
    passed: int
    failed: int
    skipped: int

    @property
    def met(self) -> bool:
        """Whether everything was run and held."""
        return self.passed > 0 and self.failed == 0 and self.skipped == 0


def keep(promise: Promise, folder: Path) -> Kept:
    """Run the tests of one promise and count them."""
    report = folder / f"{abs(hash(promise.title))}.xml"
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", f"--junit-xml={report}", *promise.tests],
        cwd=ROOT,
        timeout=SECONDS,
        check=False,
        stdout=subprocess.DEVNULL,
    )
    suite = ET.parse(report).getroot()[0].attrib  # noqa: S314 - written by pytest a moment ago
    total, skipped = int(suite["tests"]), int(suite["skipped"])
    failed = int(suite["failures"]) + int(suite["errors"])
    return Kept(promise, total - failed - skipped, failed, skipped)


def rows(kept: list[Kept]) -> list[list[str]]:
    """Return them as rows of cells, the first row the header."""
    table = [["promise", "tests", ""]]
    for one in kept:
        told = f"{one.passed} passed"
        told += f", {one.failed} failed" if one.failed else ""
        told += f", {one.skipped} skipped" if one.skipped else ""
        table.append([one.promise.title, told, "met" if one.met else "not met"])
    return table
