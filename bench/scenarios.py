"""What is done to the servers in a round, and the readings taken from it.

A scenario has lanes, one for each server (and dialect) that is compared in it. Its lanes run one after the
other, in reverse order, and again, so that what else the machine does falls on all of them alike.
"""

from dataclasses import dataclass, field

from bench.contestants import ECHO, PRODUCT, SDK, UNWATCHED, Contestant
from bench.dialects import (
    BARE_POST,
    BARE_WEBSOCKET,
    MCP_HANDSHAKE,
    MCP_STATELESS,
    MCP_WEBSOCKET,
    Dialect,
)
from bench.effort import Effort
from bench.samples import Sample

MIB = 1024 * 1024
LATENCY_CONNECTIONS = 10


@dataclass(frozen=True, slots=True)
class Lane:
    """One server spoken to in one dialect."""

    name: str
    contestant: Contestant
    dialect: Dialect
    scraped: bool = False
    """Whether its metrics are fetched meanwhile, at least once in every window."""


WEBSOCKET = (Lane("bare", ECHO, BARE_WEBSOCKET), Lane("ours", PRODUCT, MCP_WEBSOCKET))
HTTP = (
    Lane("bare", ECHO, BARE_POST),
    Lane("handshake", PRODUCT, MCP_HANDSHAKE),
    Lane("stateless", PRODUCT, MCP_STATELESS),
    Lane("sdk handshake", SDK, MCP_HANDSHAKE),
    Lane("sdk stateless", SDK, MCP_STATELESS),
)
WATCHED = (Lane("without", UNWATCHED, MCP_WEBSOCKET), Lane("with", PRODUCT, MCP_WEBSOCKET, scraped=True))
EVERY_START = (*WEBSOCKET, Lane("sdk", SDK, MCP_HANDSHAKE))


@dataclass(frozen=True, slots=True)
class Scenario:
    """A load on every lane; `options` go to the load generator as they are."""

    key: str
    title: str
    lanes: tuple[Lane, ...]
    options: dict[str, int] = field(default_factory=dict)
    open_loop: bool = False

    @property
    def watched(self) -> bool:
        """Whether one of its servers is watched."""
        return any(lane.scraped for lane in self.lanes)

    def turns(self, effort: Effort) -> int:
        """Return how often its lanes take turns in a round, forth and back."""
        return effort.watched_turns if self.watched else effort.turns

    def load(self, effort: Effort) -> dict[str, float]:
        """Return the load generator's options for one window."""
        window = effort.watched_seconds if self.watched else effort.seconds
        if self.open_loop:
            window = effort.latency_seconds / (2 * effort.turns)
        more = {"rate": effort.rate} if self.open_loop else {}
        return {"warmup": effort.warmup, "seconds": window, **self.options, **more}


SCENARIOS = (
    Scenario("ws 1x16", "WebSocket, 1 connection, 16 in flight", WEBSOCKET, {"inflight": 16}),
    Scenario("ws 100x1", "WebSocket, 100 connections", WEBSOCKET, {"connections": 100}),
    Scenario("http 16x1", "HTTP, 16 connections", HTTP, {"connections": 16}),
    Scenario(
        "latency", "WebSocket, 200 calls/s", WEBSOCKET, {"connections": LATENCY_CONNECTIONS}, open_loop=True
    ),
    Scenario("watched 1x16", "WebSocket, 1 connection, watched", WATCHED, {"inflight": 16}),
    Scenario("watched 100x1", "WebSocket, 100 connections, watched", WATCHED, {"connections": 100}),
    Scenario("1 MiB", "WebSocket, 1 MiB argument", WEBSOCKET, {"text_bytes": MIB}),
)

Readings = dict[str, float]


def readings(samples: list[Sample]) -> Readings:
    """Read the windows of one lane in one round.

    Of CPU and rate the least disturbed window counts: whatever else the host does only ever adds, up to half
    of what is measured and for seconds (https://docs.python.org/3/library/timeit.html#timeit.Timer.repeat).
    """
    taken: Readings = {
        "cpu_us": min(sample.server_cpu / sample.calls for sample in samples) * 1e6,
        "calls_per_second": max(sample.calls / sample.seconds for sample in samples),
        "client_share": max(sample.client_share for sample in samples),
        "others": max(sample.others for sample in samples),
        "unanswered": sum(sample.unanswered for sample in samples),
    }
    latencies = sorted(value for sample in samples for value in sample.latencies_us)
    for name, part in (("p50_us", 0.5), ("p99_us", 0.99), ("p99_9_us", 0.999)):
        if latencies:
            taken[name] = quantile(latencies, part)
    return taken


def quantile(ordered: list[float], part: float) -> float:
    """Return the value below which this part of an ordered list lies."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]
