"""What a client may call, and how often, as the core asks for it; who knows the clients answers."""

from collections.abc import Awaitable
from typing import Protocol

from app.protocol.tools import ToolResult


class Admission(Protocol):
    """Asked once for each `tools/list` and once for each `tools/call`, after the tool was found."""

    def tools(self, principal: str) -> frozenset[str] | None:
        """Return the names of the tools a client is shown; None for all of them."""

    def admit(self, principal: str, tool: str) -> Awaitable[ToolResult | None] | None:
        """Count one call; None, the usual answer, lets it run at once.

        An awaitable is awaited: it returns what the call is answered with instead of being run, or
        None when it may run after all.
        """
