"""What each client may call and how often: the answer to `app.protocol.admission`."""

import math
from collections.abc import Awaitable, Mapping

import structlog

from app.counted import counted
from app.protocol.tools import ToolResult, text
from app.settings import Client
from app.shared import Shared

RATE_SECONDS = 60.0
"""`rate` counts calls in windows of this length; each window begins with its first call."""

log = structlog.get_logger(__name__)


class ClientAdmission:
    """Admits calls by the rules of server.toml; a client without rules costs one look into a dictionary.

    Rates are counted in the shared state, so that a client has the same rate on however many replicas.
    """

    def __init__(self, shared: Shared, known_tools: frozenset[str]) -> None:
        self._shared = shared
        self._known_tools = known_tools
        self._tools: dict[str, frozenset[str]] = {}
        self._rates: dict[str, int] = {}
        self._ruled: frozenset[str] = frozenset()
        self.over_rate = 0
        """How many calls were refused because a rate was used up."""

    def replace(self, clients: Mapping[str, Client]) -> frozenset[str]:
        """Take other rules from the next call on; return the clients whose list of tools is another now."""
        before = self._tools
        self._tools = {name: frozenset(client.tools) for name, client in clients.items() if client.tools}
        self._rates = {name: client.rate for name, client in clients.items() if client.rate}
        self._ruled = frozenset(self._tools.keys() | self._rates.keys())
        for name, tools in self._tools.items():
            if unknown := sorted(tools - self._known_tools):
                log.warning(
                    "a client is allowed tools that this release does not have",
                    client=name,
                    unknown=unknown,
                    known=sorted(self._known_tools),
                )
        return frozenset(
            name for name in before.keys() | self._tools.keys() if before.get(name) != self._tools.get(name)
        )

    def tools(self, principal: str) -> frozenset[str] | None:
        """Return the names of the tools a client is shown; see the Protocol."""
        return self._tools.get(principal)

    def admit(self, principal: str, tool: str) -> Awaitable[ToolResult | None] | None:
        """Count one call; see the Protocol."""
        return self._judge(principal, tool) if principal in self._ruled else None

    async def _judge(self, principal: str, tool: str) -> ToolResult | None:
        tools = self._tools.get(principal)
        if tools is not None and tool not in tools:
            return _refusal(
                f"Tool '{tool}' was not run because client '{principal}' may not call it: "
                f"the operator can add it to clients.{principal}.tools."
            )
        rate = self._rates.get(principal)
        if rate is None:
            return None
        window = await self._shared.add(f"rate:{principal}", 1, RATE_SECONDS)
        if window.value <= rate:
            return None
        self.over_rate += 1
        seconds = max(1, math.ceil(window.seconds_left))
        return _refusal(
            f"Tool '{tool}' was not run because client '{principal}' has used its "
            f"{counted(rate, 'call')} of this minute: wait {seconds} s and call it again."
        )


def _refusal(sentence: str) -> ToolResult:
    return ToolResult([text(sentence)], is_error=True)
