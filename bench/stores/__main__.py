"""`python -m bench.stores`: the figures of the stores, each in one run with what it is compared with."""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from app.process import event_loop
from bench import machine
from bench.__main__ import MET, MISSED, say
from bench.figures import Verdict, judge
from bench.report import figure_rows, missed, terminal
from bench.results import Results
from bench.samples import NotAnsweredError
from bench.scenarios import Readings
from bench.stores import appends, search, server
from bench.stores.figures import FIGURES

SCENARIOS = ("sqlite appends", "postgres appends", "sqlite search", "postgres search")


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured: rounds of appends of some seconds, and a number of turns to search."""

    rounds: int
    seconds: int
    turns: int


FULL = Effort(rounds=5, seconds=4, turns=search.TURNS)
QUICK = Effort(rounds=1, seconds=1, turns=2000)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; returns 0 when every must is met and 1 when one is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.stores", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke run of seconds; judges nothing")
    parser.add_argument("--json", action="store_true", help="print everything as JSON instead of a table")
    options = parser.parse_args(arguments)
    results = run(QUICK if options.quick else FULL)
    verdicts = [judge(figure, results) for figure in FIGURES]
    if options.json:
        figures = [asdict(verdict) | {"met": verdict.met} for verdict in verdicts]
        print(json.dumps({"figures": figures, "readings": results.taken}, indent=1))
    else:
        print(f"{machine.machine()}\n\n{terminal(figure_rows(verdicts, 'nothing around it'))}\n")
    for reason in sorted(set(results.reasons.values())):
        say(f"not run: {reason}")
    return _end(verdicts, judged=not options.quick)


def run(effort: Effort) -> Results:
    """Run every scenario; what cannot run here is noted with its reason."""
    results = Results()
    with (
        tempfile.TemporaryDirectory(prefix="exai-bench-stores-") as name,
        asyncio.Runner(loop_factory=event_loop) as runner,
    ):
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs as another user
        for number in range(effort.rounds):
            say(f"appends, SQLite, round {number + 1} of {effort.rounds}")
            _pair(results, "sqlite appends", runner.run(appends.sqlite(folder, effort.seconds)))
        say("search, SQLite")
        results.add("sqlite search", "ours", runner.run(search.sqlite(folder, effort.turns)))
        try:
            with server.running(folder / "postgres") as postgres:
                for number in range(effort.rounds):
                    say(f"appends, PostgreSQL, round {number + 1} of {effort.rounds}")
                    pair = runner.run(appends.postgres(postgres, folder, effort.seconds))
                    _pair(results, "postgres appends", pair)
                say("search, PostgreSQL")
                results.add("postgres search", "ours", runner.run(search.postgres(postgres, effort.turns)))
        except NotAnsweredError as error:
            for scenario in ("postgres appends", "postgres search"):
                results.refuse(scenario, "ours", error)
    return results


def _pair(results: Results, scenario: str, pair: tuple[Readings, Readings]) -> None:
    for lane, readings in zip(("ours", "raw"), pair, strict=True):
        results.add(scenario, lane, readings)


def _end(verdicts: Sequence[Verdict], *, judged: bool) -> int:
    if not judged:
        say("A smoke run: too short to be judged by.")
        return MET
    sentences = [missed(verdict) for verdict in verdicts if verdict.met is False]
    for sentence in sentences:
        say(f"missed: {sentence}.")
    return MISSED if sentences else MET


if __name__ == "__main__":
    sys.exit(main())
