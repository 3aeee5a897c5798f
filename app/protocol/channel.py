"""The way back to the peer, as the core sees it; every transport brings its own."""

from typing import Protocol


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


class BatchChannel:
    """Gathers the replies of one batch into one JSON array (revision 2025-03-26)."""

    def __init__(self, outer: Channel) -> None:
        self._outer = outer
        self._replies: list[bytes] = []
        self._expected: int | None = None
        self._finished = 0

    async def send(self, message: bytes) -> None:
        """Pass on at once what is not a reply."""
        await self._outer.send(message)

    def push(self, message: bytes) -> None:
        """Pass on at once what is not a reply."""
        self._outer.push(message)

    def finish(self, reply: bytes | None, code: int = 0) -> None:  # noqa: ARG002 - an array has no one code
        """Keep one reply; the last one releases the array."""
        self._finished += 1
        if reply is not None:
            self._replies.append(reply)
        self._release()

    def expect(self, replies: int) -> None:
        """Say how many replies there will be, once the whole batch has been dispatched."""
        self._expected = replies
        self._release()

    def _release(self) -> None:
        if self._expected is None or self._finished < self._expected:
            return
        self._outer.finish(b"[" + b",".join(self._replies) + b"]" if self._replies else None)


class SilentChannel:
    """The channel of a call made inside this process: nobody listens for what precedes the reply."""

    async def send(self, message: bytes) -> None:
        """Drop the message."""

    def push(self, message: bytes) -> None:
        """Drop the message."""

    def finish(self, reply: bytes | None, code: int = 0) -> None:
        """Drop the reply; the caller has the result itself."""
