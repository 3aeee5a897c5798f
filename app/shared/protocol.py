"""The Protocol of the shared state; nothing that must last is ever kept here."""

from typing import NamedTuple, Protocol


class SharedUnavailableError(Exception):
    """The shared state does not answer; one sentence with what, why and what to do."""


class Window(NamedTuple):
    """A counter that forgets itself: its value, and after how many seconds it begins at nothing again."""

    value: int
    seconds_left: float


class Shared(Protocol):
    """State that all replicas see.

    Every method ends within a deadline of its own and raises SharedUnavailableError when it cannot do its
    work; `open` and `close` never raise.
    """

    name: str
    """What people call it: `in-process` or `redis`."""

    async def open(self) -> None:
        """Make ready; whether the other side answers is for `ping` to say."""

    async def close(self) -> None:
        """Give every connection back; harmless when nothing is open."""

    async def ping(self) -> None:
        """Make one round trip."""

    async def add(self, key: str, amount: int, window_seconds: float) -> Window:
        """Add to a counter and return it; only the first addition starts the window."""

    async def read(self, key: str) -> Window:
        """Return a counter; one that does not exist is 0 with 0 seconds left."""

    async def forget(self, key: str) -> None:
        """Remove a counter before its window ends."""
