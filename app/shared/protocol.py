"""The Protocol of the shared state; nothing that must last is ever kept here."""

from typing import NamedTuple, Protocol


class SharedUnavailableError(Exception):
    """The shared state does not answer; one sentence with what, why and what to do."""


class Window(NamedTuple):
    """A counter that forgets itself: its value, and after how many seconds it begins at nothing again."""

    value: int
    seconds_left: float


class Kept(NamedTuple):
    """A member of a group: its value, and how many seconds ago it was last kept."""

    value: bytes
    seconds_ago: float


class Entry(NamedTuple):
    """One entry of a stream; positions are `milliseconds-number` and only grow within a stream."""

    position: str
    data: bytes


START = "0-0"
"""The position before the first entry of any stream."""

MOST_AT_ONCE = 100
"""What one call of `entries` returns at most."""

LONGEST_WAIT_SECONDS = 5.0
"""How long one call of `entries` may wait for an entry."""


_LONGEST_POSITION = 32


def position_of(text: str) -> tuple[int, int]:
    """Return a position as two numbers that compare.

    Raises:
        ValueError: it is not a position.
    """
    milliseconds, _, number = text.partition("-")
    if not (
        text.isascii() and milliseconds.isdigit() and number.isdigit() and len(text) <= _LONGEST_POSITION
    ):
        raise ValueError("not a position in a stream")
    return int(milliseconds), int(number)


class Shared(Protocol):
    """State that all replicas see.

    Four kinds: counters that forget themselves, groups of members of which the longest unused give way,
    slots of which there are only so many, and streams of which the oldest entries give way. Each has a bound
    and an end.

    Every method ends within a deadline of its own and raises SharedUnavailableError when it cannot do its
    work; `open` and `close` never raise.
    """

    name: str
    """What people call it: `in-process` or `redis`."""
    away: bool
    """Whether the other side does not answer and this process works by itself meanwhile."""

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

    async def keep(self, group: str, member: str, value: bytes, *, most: int, seconds: float) -> list[str]:
        """Put a member into a group, or refresh it; the group ends `seconds` after its last refreshment.

        Returns the members that had to leave because there were more than `most`.
        """

    async def kept(self, group: str, member: str) -> Kept | None:
        """Return a member; None when it is not there."""

    async def drop(self, group: str, member: str) -> None:
        """Take a member out of a group; harmless when it is not there."""

    async def acquire(self, name: str, holder: str, *, most: int, seconds: float) -> bool:
        """Take one of `most` places for `seconds`, or keep the one this holder has for that long from now.

        False when all are taken by others; nobody's place is ever taken away before its time.
        """

    async def release(self, name: str, holder: str) -> None:
        """Give a place back; harmless when there is none."""

    async def holders(self, name: str) -> int:
        """Return how many places are taken."""

    async def append(self, stream: str, data: bytes, *, most: int, seconds: float) -> str:
        """Add to a stream and return the position; it holds about `most` entries and ends after `seconds`."""

    async def entries(self, stream: str, after: str = START, *, wait_seconds: float = 0.0) -> list[Entry]:
        """Return the entries after a position, waiting at most `wait_seconds` for one when there is none.

        Raises:
            ValueError: `after` is not a position.
        """

    async def end(self, stream: str) -> str:
        """Return the position of the newest entry; START when there is none."""
