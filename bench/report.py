"""What is shown: the tables on the terminal and in the docs, and everything as JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.figures import FIGURES, PEERS, Verdict, judge
from bench.results import Results
from bench.scenarios import quantile


@dataclass(frozen=True, slots=True)
class Report:
    """One run of the benchmark and what it was run on."""

    date: str
    machine: str
    versions: str
    seed: int
    rounds: int
    sessions: int
    pinned: bool
    judged: bool
    results: Results

    @property
    def verdicts(self) -> list[Verdict]:
        """The promised figures, in their order."""
        return [judge(figure, self.results) for figure in FIGURES]

    @property
    def missed(self) -> list[str]:
        """One sentence for each must that is not met; a figure that could not be run is not met."""
        return [missed(verdict) for verdict in self.verdicts if verdict.met is False]

    def tables(self) -> list[list[list[str]]]:
        """Return the tables as rows of cells, the first row the header."""
        return [figure_rows(self.verdicts, "bare aiohttp"), self._peers(), self._latencies()]

    def remarks(self) -> list[str]:
        """Return what a reader must know to judge the tables."""
        others, spread = self.results.noise()
        told = [
            f"Medians of {self.rounds} rounds (least-most); a ratio is taken within a round, of each server's"
            f" least disturbed window. Seed {self.seed}. {self.sessions} idle sessions.",
            f"Other programs used {others:.2f} cores meanwhile (median); the echo's own CPU per call varied "
            f"{spread:.2f}x between rounds.",
            f"The load generator used at most {max(self.results.over_all('client_share'), default=0):.0%} "
            "of its core; a row where it was above 70 % is marked *.",
        ]
        told += [f"not run: {' / '.join(where)}: {reason}" for where, reason in self.results.reasons.items()]
        unanswered = sum(self.results.over_all("unanswered"))
        if unanswered:
            told.append(f"{unanswered:.0f} calls of the open loop were never answered.")
        if not self.pinned:
            told.append("Server and load generator shared one core: read nothing into the figures of time.")
        return told

    def as_json(self) -> dict[str, Any]:
        """Return everything that was read and concluded."""
        about = {name: getattr(self, name) for name in ("date", "machine", "versions", "seed", "rounds")}
        verdicts = [*self.verdicts, *(judge(figure, self.results) for figure in PEERS)]
        return about | {
            "missed": self.missed if self.judged else [],
            "figures": [asdict(verdict) | {"met": verdict.met} for verdict in verdicts],
            "readings": self.results.taken,
            "not_run": {" / ".join(where): reason for where, reason in self.results.reasons.items()},
        }

    def _peers(self) -> list[list[str]]:
        rows = [["MCP SDK v2 on uvicorn, against this server", "ratio", "SDK", "this server"]]
        for verdict in (judge(figure, self.results) for figure in PEERS):
            figure = verdict.figure
            if verdict.median is None:
                rows.append([figure.title, "not run", "", ""])
            else:
                absolute = [_with_unit(verdict.own, figure.unit), _with_unit(verdict.base, figure.unit)]
                rows.append([figure.title, _spread(verdict), *absolute])
        return rows

    def _latencies(self) -> list[list[str]]:
        rows = [["latency at 200 calls/s, ms, all rounds", "calls", "p50", "p99", "p99.9"]]
        names = {"bare": "bare aiohttp", "ours": "this server"}
        for lane, taken in sorted(self.results.latencies.items()):
            ordered = sorted(taken)
            parts = [f"{quantile(ordered, part) / 1000:.2f}" for part in (0.5, 0.99, 0.999)]
            rows.append([names[lane], str(len(ordered)), *parts])
        return rows


def figure_rows(verdicts: Sequence[Verdict], base: str) -> list[list[str]]:
    """Return promised figures as rows of cells; `base` is what they are compared with."""
    rows = [["figure", "must", "aim", "measured", "this server", base, ""]]
    for verdict in verdicts:
        figure = verdict.figure
        sign = ">=" if figure.at_least else "<="
        limits = [f"{sign} {figure.must:g}", "" if figure.aim is None else f"{figure.aim:g}"]
        if verdict.median is None:
            rows.append([figure.title, *limits, "not run", "", "", "not met"])
            continue
        absolute = [_with_unit(verdict.own, figure.unit), _with_unit(verdict.base, figure.unit)]
        rows.append([figure.title, *limits, _spread(verdict), *absolute, "met" if verdict.met else "not met"])
    return rows


def terminal(rows: Sequence[Sequence[str]]) -> str:
    """Align a table for a terminal."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Write a table as Markdown."""
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    lines = [f"| {' | '.join(row)} |" for row in cells]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])


def _spread(verdict: Verdict) -> str:
    shown = f"{_number(verdict.median)} ({_number(verdict.least)}-{_number(verdict.most)})"
    return shown + (" *" if verdict.client_bound else "")


def _with_unit(value: float | None, unit: str) -> str:
    return "" if value is None else f"{_number(value)} {unit}".strip()


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def missed(verdict: Verdict) -> str:
    """Say in one sentence that a must is not met."""
    figure = verdict.figure
    if verdict.median is None:
        return f"{figure.title}: not run ({verdict.reason})"
    word = "at least" if figure.at_least else "at most"
    return f"{figure.title}: {_number(verdict.median)}, and must be {word} {figure.must:g}"
