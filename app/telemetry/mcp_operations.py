"""How long MCP requests take, by method and tool: the one measurement on the path of every call."""

import asyncio
import time
from bisect import bisect_left
from collections.abc import Collection
from typing import Any

from app.protocol.call import Call
from app.protocol.errors import INTERNAL_ERROR, ProtocolError
from app.protocol.inputs import InputRequired
from app.protocol.methods import Answer, Instant, Params, Served
from app.telemetry import metrics
from app.telemetry.tallies import Distribution, Tallies

TOOL_ERROR = "tool_error"
CANCELLED = "cancelled"
ENDLESS = frozenset({"subscriptions/listen"})
"""What lasts as long as its reader wants has no duration that says anything."""


class McpOperations:
    """Measures around handlers; see `app.protocol.methods.Around`. `tools` are the names that are labels."""

    def __init__(self, tallies: Tallies, tools: Collection[str]) -> None:
        self._durations: Distribution = tallies.distribution(metrics.OPERATIONS)
        self._tools = frozenset(tools)

    def instant(self, method: str, handler: Instant) -> Instant:
        """Measure a method that answers at once."""
        row, bounds, clock = self._durations.row((method, "", "")), self._durations.bounds, time.perf_counter

        def measured(call: Call, params: Params) -> Answer:
            began = clock()
            try:
                answer = handler(call, params)
            except BaseException as error:
                self._failed(method, "", error, clock() - began)
                raise
            seconds = clock() - began
            row[bisect_left(bounds, seconds)] += 1
            row[-1] += seconds
            return answer

        return measured

    def served(self, method: str, handler: Served) -> Served:
        """Measure a method that has a task of its own."""
        if method in ENDLESS:
            return handler
        if method == "tools/call":
            return self._tool_calls(handler)
        durations, clock = self._durations, time.perf_counter

        async def measured(call: Call, params: Params) -> Answer:
            began = clock()
            try:
                answer = await handler(call, params)
            except BaseException as error:
                self._failed(method, "", error, clock() - began)
                raise
            durations.add((method, "", ""), clock() - began)
            return answer

        return measured

    def _tool_calls(self, handler: Served) -> Served:
        # What a trivial tools/call pays for being counted: two looks at the clock, and no call beside them.
        rows = {name: self._durations.row(("tools/call", name, "")) for name in sorted(self._tools)}
        bounds, clock = self._durations.bounds, time.perf_counter
        shortest, other = bounds[0], self._durations.row(("tools/call", "", ""))

        async def measured(call: Call, params: dict[str, Any]) -> Answer:
            began = clock()
            try:
                answer = await handler(call, params)
            except BaseException as error:
                name = params.get("name")
                tool = name if isinstance(name, str) and name in self._tools else ""
                self._failed("tools/call", tool, error, clock() - began)
                raise
            seconds = clock() - began
            if answer["isError"]:
                tool = params["name"] if params["name"] in rows else ""
                self._durations.add(("tools/call", tool, TOOL_ERROR), seconds)
            else:
                row = rows.get(params["name"], other)
                row[0 if seconds <= shortest else bisect_left(bounds, seconds)] += 1
                row[-1] += seconds
            return answer

        return measured

    def _failed(self, method: str, tool: str, error: BaseException, seconds: float) -> None:
        self._durations.add((method, tool, error_type(error)), seconds)


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
