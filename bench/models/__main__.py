"""`python -m bench.models`, `make bench-models`: what a model call costs here, beside the vendor's time."""

import argparse
import asyncio
import datetime as dt
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from app.process import event_loop
from bench import machine, page
from bench.__main__ import MET, MISSED, say
from bench.contestants import ROOT
from bench.figures import Verdict, judge
from bench.models import promises
from bench.models.answering import measure
from bench.models.figures import FIGURES
from bench.report import figure_rows, markdown, missed, terminal
from bench.results import Results
from bench.samples import NotAnsweredError
from bench.stores import __main__ as stores
from bench.stores import server
from bench.stores.figures import FIGURES as STORE_FIGURES
from bench.streaming import fake_vendor
from demo.paths import KIMI_PATH

ROUNDS, ASKS = 5, 60
QUICK_ROUNDS, QUICK_ASKS = 1, 5
PAGE = ROOT / "docs" / "performance.md"
MARK = "bench-models"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; returns 0 when everything promised holds, and 1 when something does not."""
    options = _parser().parse_args(arguments)
    results = stores.run(stores.QUICK if options.quick else stores.FULL)
    _answering(results, *((QUICK_ROUNDS, QUICK_ASKS) if options.quick else (ROUNDS, ASKS)))
    verdicts = [judge(figure, results) for figure in (*FIGURES, *STORE_FIGURES)]
    tables = [figure_rows(verdicts, "nothing around it")]
    kept = [] if options.quick else _promises()
    if kept:
        tables.append(promises.rows(kept))
    print("\n\n".join([machine.machine(), *map(terminal, tables)]), end="\n\n")
    for reason in sorted(set(results.reasons.values())):
        say(f"not run: {reason}")
    if options.write:
        about = f"Measured {dt.datetime.now(dt.UTC).date()} on {machine.machine()}."
        page.put(PAGE, MARK, "\n\n".join([about, *map(markdown, tables)]))
    if options.quick:
        say("A smoke run: too short to be judged by.")
        return MET
    return _judged(verdicts, kept)


def _answering(results: Results, rounds: int, asks: int) -> None:
    say("first words and long answers")
    with tempfile.TemporaryDirectory(prefix="exai-bench-models-") as name, fake_vendor() as kimi:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs as another user
        databases: dict[str, dict[str, str]] = {"sqlite": {}}
        vendors = kimi.removesuffix(KIMI_PATH)
        try:
            with (
                server.running(folder / "database") as postgres,
                asyncio.Runner(loop_factory=event_loop) as runner,
            ):
                databases["postgres"] = {"DATABASE_URL": postgres.url}
                taken = runner.run(measure(vendors, folder, databases, rounds, asks))
        except NotAnsweredError as error:
            for lane in ("sqlite", "postgres"):
                results.refuse("first words", lane, error)
            results.refuse("streamed", "ours", error)
            return
    for readings in taken:
        for lane in databases:
            results.add("first words", lane, readings[lane])
        results.add("streamed", "ours", readings["streamed"])
        results.add("streamed", "httpx", readings["httpx"])


def _promises() -> list[promises.Kept]:
    kept = []
    with tempfile.TemporaryDirectory(prefix="exai-bench-promises-") as name:
        for promise in promises.PROMISES:
            say(promise.title)
            kept.append(promises.keep(promise, Path(name)))
    return kept


def _judged(verdicts: Sequence[Verdict], kept: Sequence[promises.Kept]) -> int:
    sentences = [missed(verdict) for verdict in verdicts if verdict.met is False]
    sentences += [f"{one.promise.title}: {one.failed} tests failed" for one in kept if not one.met]
    for sentence in sentences:
        say(f"missed: {sentence}.")
    return MISSED if sentences else MET


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.models", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke run; judges nothing")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    return parser


if __name__ == "__main__":
    sys.exit(main())
