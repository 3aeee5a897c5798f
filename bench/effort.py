"""How much is measured: the whole benchmark, or a smoke run that only shows that it works."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Effort:
    """Rounds, and the length of what is done in one; times in seconds."""

    rounds: int
    warmup: float
    seconds: float
    """One window of a closed loop."""
    watched_seconds: float
    """One window where one of the servers is watched; long enough that its metrics are fetched in each."""
    turns: int
    """How often the servers of a scenario take turns in a round, forth and back: two windows of each."""
    watched_turns: int
    """As `turns`, where one of the servers is watched: the difference looked for is of a few percent."""
    latency_seconds: float
    rate: int
    """Calls a second of the open loop."""
    sessions: int
    starts: int
    """Fresh starts of each server in a round."""
    judged: bool = True


# Other guests of the host come and go within a second: many short windows in turns meet them alike.
FULL = Effort(
    rounds=5,
    warmup=0.2,
    seconds=0.3,
    watched_seconds=1.0,
    turns=3,
    watched_turns=5,
    latency_seconds=2.5,
    rate=200,
    sessions=2000,
    starts=2,
)
QUICK = Effort(
    rounds=1,
    warmup=0.05,
    seconds=0.1,
    watched_seconds=0.1,
    turns=1,
    watched_turns=1,
    latency_seconds=0.25,
    rate=200,
    sessions=250,
    starts=1,
    judged=False,
)
"""250 sessions are more than the default cap of one client, so that a cap left in place shows."""
