"""Slots of one process: places with a lease, of which there are only so many."""

from collections.abc import Callable

MOST_NAMES = 10_000
"""Past it new names are refused; whoever asks names one a model, not one a client."""


class LocalSlots:
    """Bounded places; see `Shared` for the meaning of each method."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._slots: dict[str, dict[str, float]] = {}

    def acquire(self, name: str, holder: str, *, most: int, seconds: float) -> bool:
        """Take a place, or keep one for longer."""
        held = self._live(name)
        if holder not in held and (len(held) >= most or len(self._slots) >= MOST_NAMES):
            return False
        held[holder] = self._clock() + seconds
        self._slots[name] = held
        return True

    def release(self, name: str, holder: str) -> None:
        """Give a place back."""
        held = self._live(name)
        held.pop(holder, None)
        if not held:
            self._slots.pop(name, None)

    def holders(self, name: str) -> int:
        """Return how many places are taken."""
        return len(self._live(name))

    def clear(self) -> None:
        """Forget everything."""
        self._slots.clear()

    def _live(self, name: str) -> dict[str, float]:
        held = self._slots.get(name, {})
        now = self._clock()
        for holder in [holder for holder, ends in held.items() if ends <= now]:
            del held[holder]
        return held
