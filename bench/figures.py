"""The figures: what is promised, and what the rounds say about it."""

import statistics
from dataclasses import dataclass

from bench.results import Results
from bench.scenarios import Readings

CLIENT_BOUND = 0.7
"""Past this part of its core the load generator itself may be what limits a row; the row is marked."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A row: a reading of ours, alone or as a ratio to the bare server's of the same round."""

    key: str
    title: str
    scenario: str
    reading: str
    unit: str
    must: float | None
    aim: float | None = None
    lane: str = "ours"
    base: str | None = "bare"
    """The lane it is divided by; None for an absolute figure."""
    at_least: bool = False


FIGURES = (
    Figure("ws-1x16", "CPU per call, WebSocket 1 x 16, against echo", "ws 1x16", "cpu_us", "µs", 2.0, 1.2),
    Figure("ws-100x1", "CPU per call, WebSocket 100 x 1, against echo", "ws 100x1", "cpu_us", "µs", 2.0, 1.2),
    Figure(
        "rate", "calls/s at 100 connections, of echo's", "ws 100x1", "calls_per_second", "/s", 0.55, 0.9,
        at_least=True,
    ),
    Figure(
        "http-stateless", "CPU per call, HTTP stateless, against a JSON POST", "http 16x1", "cpu_us", "µs",
        1.8, 1.3, lane="stateless",
    ),
    Figure(
        "http-handshake", "CPU per call, HTTP handshake, against a JSON POST", "http 16x1", "cpu_us", "µs",
        2.0, 1.3, lane="handshake",
    ),
    Figure("p50", "p50 at 200 calls/s, WebSocket, against echo", "latency", "p50_us", "µs", 1.4, 1.1),
    Figure(
        "watched-1x16", "CPU per call, watched, against unwatched, 1 x 16", "watched 1x16", "cpu_us",
        "µs", 1.05, 1.0, lane="with", base="without",
    ),
    Figure(
        "watched-100x1", "CPU per call, watched, against unwatched, 100 x 1", "watched 100x1",
        "cpu_us", "µs", 1.05, 1.0, lane="with", base="without",
    ),
    Figure("1-mib", "CPU per call, 1 MiB argument, against echo", "1 MiB", "cpu_us", "µs", 1.5, 1.1),
    Figure("session", "KiB per idle WebSocket session", "idle", "kib", "KiB", 20, 14, base=None),
    Figure("pause", "longest collector pause while they open, ms", "idle", "pause_ms", "ms", 20, base=None),
    Figure("start", "start to first answered call, against aiohttp's", "start", "ms", "ms", 1.6, 1.2),
    Figure(
        "function-calls", "function calls per tools/call", "function calls", "count", "", 250, 120, base=None
    ),
)  # fmt: skip
"""What the project promises of its speed; the limits are part of its definition, not of this machine."""

PEERS = (
    Figure("sdk-handshake", "CPU per call, HTTP handshake era", "http 16x1", "cpu_us", "µs", None,
           lane="sdk handshake", base="handshake"),
    Figure("sdk-stateless", "CPU per call, HTTP stateless", "http 16x1", "cpu_us", "µs", None,
           lane="sdk stateless", base="stateless"),
    Figure("sdk-rate", "calls/s, HTTP handshake era", "http 16x1", "calls_per_second", "/s", None,
           lane="sdk handshake", base="handshake"),
    Figure("sdk-start", "start to first answered call", "start", "ms", "ms", None, lane="sdk", base="ours"),
)  # fmt: skip
"""The official SDK's server, as multiples of ours; nothing is promised of it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rounds say about one figure; the medians are over rounds, a ratio is taken within each."""

    figure: Figure
    median: float | None = None
    least: float = 0.0
    most: float = 0.0
    own: float = 0.0
    """The median reading of its lane, in the figure's unit."""
    base: float | None = None
    """The median reading of the bare server, in the same unit."""
    client_bound: bool = False
    reason: str = ""
    """Why it was not run."""

    @property
    def met(self) -> bool | None:
        """Whether the must holds; None where nothing is promised."""
        if self.figure.must is None:
            return None
        if self.median is None:
            return False
        return self.median >= self.figure.must if self.figure.at_least else self.median <= self.figure.must


def judge(figure: Figure, results: Results) -> Verdict:
    """Put the rounds together for one figure."""
    lanes = results.taken.get(figure.scenario, {})
    names = [figure.lane] if figure.base is None else [figure.lane, figure.base]
    for name in names:
        if None in lanes.get(name, [None]):
            reason = results.reasons.get((figure.scenario, name), "nothing was measured")
            return Verdict(figure, reason=reason)
    own = _rounds(lanes[figure.lane])
    bare = (
        _rounds(lanes["bare" if figure.base is None else figure.base])
        if "bare" in lanes or figure.base
        else []
    )
    values = [reading[figure.reading] for reading in own]
    others = [reading[figure.reading] for reading in bare]
    judged = values if figure.base is None else [a / b for a, b in zip(values, others, strict=True)]
    shares = [reading.get("client_share", 0.0) for reading in [*own, *bare]]
    return Verdict(
        figure,
        statistics.median(judged),
        min(judged),
        max(judged),
        statistics.median(values),
        statistics.median(others) if others else None,
        client_bound=max(shares) > CLIENT_BOUND,
    )


def _rounds(taken: list[Readings | None]) -> list[Readings]:
    return [reading for reading in taken if reading is not None]
