"""How long MCP requests take, by method and tool: the one measurement on the path of every call."""

import asyncio
from bisect import bisect_left
from collections.abc import Collection

from app.protocol.errors import INTERNAL_ERROR, ProtocolError
from app.protocol.inputs import InputRequired
from app.protocol.methods import Answer, Params
from app.telemetry import metrics
from app.telemetry.tallies import Distribution, Tallies

TOOLS_CALL = "tools/call"
TOOL_ERROR = "tool_error"
CANCELLED = "cancelled"
ENDLESS = frozenset({"subscriptions/listen"})
"""What lasts as long as its reader wants has no duration that says anything."""


class McpOperations:
    """Measures every request; see `app.protocol.methods.Meter`. `tools` are the names that are labels."""

    def __init__(self, tallies: Tallies, tools: Collection[str]) -> None:
        self._durations: Distribution = tallies.distribution(metrics.OPERATIONS)
        self._bounds = self._durations.bounds
        self._shortest = self._bounds[0]
        self._sum = len(self._bounds) + 1
        self._tools = frozenset(tools)
        self._answered = {name: self._durations.row((TOOLS_CALL, name, "")) for name in sorted(self._tools)}
        self._other = self._durations.row((TOOLS_CALL, "", ""))

    def ended(self, method: str, params: Params, outcome: Answer | BaseException, seconds: float) -> None:
        """Count a request under its method, its tool and what became of it."""
        if method == TOOLS_CALL and type(outcome) is dict and not outcome["isError"]:
            # What a trivial tools/call pays for being counted: no call beside this one.
            try:
                row = self._answered[params["name"]]
            except KeyError:
                row = self._other
            if seconds <= self._shortest:
                row[0] += 1
            else:
                row[bisect_left(self._bounds, seconds)] += 1
            # Not row[-1]: CPython has no quick way for a place counted from the end.
            row[self._sum] += seconds
        elif method not in ENDLESS:
            name = params.get("name") if method == TOOLS_CALL else None
            tool = name if isinstance(name, str) and name in self._tools else ""
            if isinstance(outcome, BaseException):
                kind = error_type(outcome)
            else:
                kind = TOOL_ERROR if method == TOOLS_CALL else ""
            self._durations.add((method, tool, kind), seconds)


def error_type(error: BaseException) -> str:
    """Return the label of what ended a request without an answer; "" where the answer is a question."""
    match error:
        case InputRequired():
            return ""
        case ProtocolError():
            return str(error.code)
        case asyncio.CancelledError():
            return CANCELLED
    return str(INTERNAL_ERROR)
