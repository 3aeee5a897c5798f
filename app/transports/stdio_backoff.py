"""How long the bridge waits before it tries to connect again."""

import random

FIRST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 5.0
"""The wait doubles from the first to the longest; half of it is left to chance, so that many bridges of
one server do not come back in step."""

STEADY_SECONDS = 5.0
"""A connection that lasted this long was a good one: after it the waits begin anew."""


class Backoff:
    """Doubling waits with jitter."""

    def __init__(self) -> None:
        self._wait = FIRST_WAIT_SECONDS

    def after(self, lasted_seconds: float) -> float:
        """Return the seconds to wait after an attempt that lasted so long."""
        if lasted_seconds >= STEADY_SECONDS:
            self._wait = FIRST_WAIT_SECONDS
        wait = random.uniform(self._wait / 2, self._wait)  # noqa: S311 - chance, not a secret
        self._wait = min(2 * self._wait, LONGEST_WAIT_SECONDS)
        return wait
