"""When a vendor is asked again: only before anything was answered, and only what certainly costs nothing.

Money is reserved for one answer, so what may have been charged is for whoever reserves once more.
"""

import asyncio
from collections.abc import AsyncIterator, Callable

import stamina

from app.providers.errors import ProviderError

ATTEMPTS = 3
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 8.0
JITTER_SECONDS = 1.0
LONGEST_ASKED_PAUSE_SECONDS = 20.0
"""A vendor that asks us to wait longer is not waited for: the caller can ask the other one meanwhile."""


def attempts(deadline: float | None = None) -> AsyncIterator[stamina.Attempt]:
    """Return the attempts of one call; `deadline` is the caller's, on the clock of the running loop.

    There is no timeout beside it: whoever calls bounds the whole, and no pause that would end later is begun.
    """
    return stamina.retry_context(
        on=_pause(deadline),
        attempts=ATTEMPTS,
        timeout=None,
        wait_initial=FIRST_PAUSE_SECONDS,
        wait_max=LONGEST_PAUSE_SECONDS,
        wait_jitter=JITTER_SECONDS,
    )


def _pause(deadline: float | None) -> Callable[[Exception], bool | float]:
    """Return the hook that says which errors deserve another attempt, and after how long."""

    def decide(error: Exception) -> bool | float:
        if not isinstance(error, ProviderError) or not (error.kind.again and error.free):
            return False
        pause = FIRST_PAUSE_SECONDS if error.retry_after is None else error.retry_after
        late = deadline is not None and asyncio.get_running_loop().time() + pause >= deadline
        if late or pause > LONGEST_ASKED_PAUSE_SECONDS:
            return False
        return True if error.retry_after is None else pause

    return decide
