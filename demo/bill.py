"""What the demo billed: one row a call that it accepted, so that tests can compare."""

from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

MOST_ROWS = 100_000
MOST_REQUESTS = 200


@dataclass(slots=True)
class Row:
    """One billed call; `state` is running, complete, cut (the client left), or failed (scripted)."""

    vendor: str
    kind: str
    """chat, search, reader, layout or file."""
    model: str
    key: str
    request_id: str
    """The vendor's own."""
    client_id: str | None
    """What the client named it."""
    input: int = 0
    cached: int = 0
    output: int = 0
    reasoning: int = 0
    state: str = "running"


@dataclass(slots=True)
class Bill:
    """The rows, what was refused, and the last requests as they came."""

    rows: deque[Row] = field(default_factory=lambda: deque(maxlen=MOST_ROWS))
    requests: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=MOST_REQUESTS))
    refused: int = 0
    _numbers: dict[str, int] = field(default_factory=dict)

    def next_id(self, vendor: str) -> str:
        """Return the vendor's id of the next request."""
        number = self._numbers[vendor] = self._numbers.get(vendor, 0) + 1
        return f"demo-{vendor}-{number:06}"

    def as_json(self) -> dict[str, Any]:
        """Return everything, with totals by vendor and model."""
        totals: dict[str, dict[str, int]] = {}
        for row in self.rows:
            total = totals.setdefault(
                f"{row.vendor}/{row.model}", {"calls": 0, "input": 0, "cached": 0, "output": 0}
            )
            total["calls"] += 1
            total["input"] += row.input
            total["cached"] += row.cached
            total["output"] += row.output
        return {"rows": [asdict(row) for row in self.rows], "totals": totals, "refused": self.refused}
