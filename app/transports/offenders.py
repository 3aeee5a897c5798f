"""One log line an offender: enough to find it, not enough to fill a disk."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable

INTERVAL_SECONDS = 60.0
"""How long nothing more is said of the same offender."""

MAX_LINES = 20
"""Lines an interval over all offenders: one that changes its address must not fill the log either."""

MAX_OFFENDERS = 10_000
"""Offenders remembered; past that the oldest is forgotten."""

logger = logging.getLogger(__name__)


class Offenders:
    """Writes down what was refused, the first time of each interval."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._silent_until: OrderedDict[tuple[str, str | None], float] = OrderedDict()
        self._interval_ends = 0.0
        self._lines = 0
        self._unsaid = 0

    def note(self, address: str, principal: str | None, what: str) -> None:
        """Tell who did what: `principal` is None for a stranger; `what` is a sentence."""
        now = self._clock()
        offender = (address, principal)
        if self._silent_until.get(offender, 0.0) > now:
            self._unsaid += 1
            return
        self._silent_until[offender] = now + INTERVAL_SECONDS
        self._silent_until.move_to_end(offender)
        if len(self._silent_until) > MAX_OFFENDERS:
            self._silent_until.popitem(last=False)
        if now >= self._interval_ends:
            self._interval_ends, self._lines = now + INTERVAL_SECONDS, 0
        if self._lines >= MAX_LINES:
            self._unsaid += 1
            return
        self._lines += 1
        who = address if principal is None else f"client {principal} at {address}"
        more = f" ({self._unsaid} others were not written down)" if self._unsaid else ""
        self._unsaid = 0
        logger.warning("refused: %s: %s%s", who, what, more)
