"""The way back to the peer, as the core sees it; every transport brings its own."""

from typing import Protocol, runtime_checkable


class Channel(Protocol):
    """Carries what belongs to one request, or to a whole connection.

    For each message that `Dispatcher.dispatch` said would be answered, `finish` is called exactly
    once; messages of a running request come before it through `send`.
    """

    async def send(self, message: bytes) -> None:
        """Send a message that precedes the reply; waits while the peer reads slowly."""

    def push(self, message: bytes) -> None:
        """Send what nobody waits for; never waits: a peer too slow for it is cut off."""

    def finish(self, reply: bytes | None, code: int = 0) -> None:
        """Deliver the reply, never waiting; None when, being cancelled, it must not come.

        `code` repeats the error code of an error reply, for transports that have a status to set.
        """


@runtime_checkable
class Resumable(Protocol):
    """A channel whose reader can fetch elsewhere, later, what it is no longer sent."""

    def hang_up(self) -> None:
        """Let the reader go now; what comes is kept for its return."""


class SilentChannel:
    """The channel of a call made inside this process: nobody listens for what precedes the reply."""

    async def send(self, message: bytes) -> None:
        """Drop the message."""

    def push(self, message: bytes) -> None:
        """Drop the message."""

    def finish(self, reply: bytes | None, code: int = 0) -> None:
        """Drop the reply; the caller has the result itself."""
