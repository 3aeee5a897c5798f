"""`python -m bench`, or `make bench`: run the rounds, show the table, say what is missed."""

import argparse
import dataclasses
import datetime as dt
import json
import random
import secrets
import sys
from collections.abc import Sequence

from bench import interpreter, load, machine, page
from bench.contestants import ROOT
from bench.effort import FULL, QUICK
from bench.report import Report, terminal
from bench.rounds import Rounds
from bench.samples import LoadGenerator

MET, MISSED, CANNOT_RUN = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns 0 when every must is met, 1 when one is missed, 2 when it cannot run."""
    options = _parser().parse_args(arguments)
    if not options.quick:
        interpreter.change(ROOT, "bench", list(sys.argv[1:] if arguments is None else arguments), say)
    effort = QUICK if options.quick else FULL
    effort = dataclasses.replace(effort, rounds=options.rounds or effort.rounds)
    seed = secrets.randbelow(10**6) if options.seed is None else options.seed
    server_core, client_core = machine.cores()
    try:
        generator = LoadGenerator(load.build(), client_core)
    except load.CannotBenchError as error:
        say(str(error))
        return CANNOT_RUN
    results = Rounds(generator, effort, random.Random(seed), server_core, say).run()  # noqa: S311 - an order, no secret
    report = Report(
        date=dt.datetime.now(dt.UTC).date().isoformat(),
        machine=machine.machine(),
        versions=machine.versions(),
        seed=seed,
        rounds=effort.rounds,
        sessions=effort.sessions,
        pinned=server_core is not None,
        judged=effort.judged,
        results=results,
    )
    return _show(report, as_json=options.json, write=options.write)


def _show(report: Report, *, as_json: bool, write: bool) -> int:
    if as_json:
        print(json.dumps(report.as_json(), indent=1))
    else:
        print(f"{report.machine}\n{report.versions}\n")
        print("\n\n".join(terminal(rows) for rows in report.tables()), "\n")
        print("\n".join(report.remarks()))
    if not report.judged:
        say("A smoke run: too short to be judged by.")
        return MET
    if write:
        try:
            page.write(ROOT / machine.DOCUMENT, report)
        except page.PageError as error:
            say(str(error))
            return CANNOT_RUN
        say(f"{machine.DOCUMENT} is written.")
    for sentence in report.missed:
        say(f"missed: {sentence}.")
    return MISSED if report.missed else MET


def say(sentence: str) -> None:
    """Tell the person at the terminal; stdout belongs to the table or the JSON."""
    print(sentence, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke run of seconds; judges nothing")
    parser.add_argument("--rounds", type=int, help=f"rounds to run (default {FULL.rounds})")
    parser.add_argument("--seed", type=int, help="repeat the order of an earlier run")
    parser.add_argument("--json", action="store_true", help="print everything as JSON instead of tables")
    parser.add_argument("--write", action="store_true", help=f"write the tables to {machine.DOCUMENT}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
