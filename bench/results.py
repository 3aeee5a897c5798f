"""What the rounds have read, before anything is concluded from it."""

import statistics
from dataclasses import dataclass, field

from bench.samples import NotAnsweredError
from bench.scenarios import Readings


@dataclass(slots=True)
class Results:
    """Readings by scenario and lane, one entry a round, None where the lane could not run."""

    taken: dict[str, dict[str, list[Readings | None]]] = field(default_factory=dict)
    reasons: dict[tuple[str, str], str] = field(default_factory=dict)
    latencies: dict[str, list[float]] = field(default_factory=dict)
    """All latencies of the open loop by lane, in microseconds: one round has too few for a p99.9."""

    def add(self, scenario: str, lane: str, value: Readings | None) -> None:
        """Keep one round's readings of a lane."""
        self.taken.setdefault(scenario, {}).setdefault(lane, []).append(value)

    def refuse(self, scenario: str, lane: str, error: NotAnsweredError) -> None:
        """Keep why a lane could not run."""
        self.add(scenario, lane, None)
        self.reasons.setdefault((scenario, lane), str(error))

    def over_all(self, reading: str) -> list[float]:
        """Return one reading of every lane and round that has it."""
        lists = [taken for lanes in self.taken.values() for taken in lanes.values()]
        return [entry[reading] for taken in lists for entry in taken if entry and reading in entry]

    def noise(self) -> tuple[float, float]:
        """Tell how unquiet the machine was: cores others used (median), and the echo's own spread (x)."""
        others = self.over_all("others")
        echo = [entry["cpu_us"] for entry in self.taken.get("ws 100x1", {}).get("bare", []) if entry]
        return (statistics.median(others) if others else 0.0, max(echo) / min(echo) if echo else 1.0)
