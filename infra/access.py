"""How a client reaches a stack, and what it means that it does not."""

from dataclasses import dataclass


class UnansweredError(Exception):
    """The conversation did not come to its end; the message says where it stopped."""


class NobodyServesError(UnansweredError):
    """The answer was 503: the edge, or the server itself, says that none is ready."""


@dataclass(frozen=True)
class Access:
    """How a client reaches the stack: the URL it is told, and where that is in fact.

    The two differ because DNS may not know the name from here. `certificate` is the chain that must be served
    there, None without TLS.
    """

    url: str
    address: str
    port: int
    token: str
    certificate: str | None = None

    @property
    def websocket_url(self) -> str:
        """The URL for WebSocket."""
        return f"ws{self.url.removeprefix('http')}"
