"""What strangers send must not fill the log: one line an interval instead of a traceback a request."""

import logging
import time
from collections.abc import Callable

INTERVAL_SECONDS = 10.0
REASON_LENGTH = 200
"""Characters; the reason may quote what the stranger sent."""
_NOISY = "Error handling request"
"""aiohttp logs every request it cannot parse under this message, with its traceback (web_protocol.py)."""


class ParserErrors(logging.Filter):
    """Thins out aiohttp's own records of malformed requests; everything else passes unchanged.

    A malformed request keeps its reason and loses its traceback; those within the interval are counted, and
    the next line says how many there were. An exception of our own handlers keeps its traceback.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._next = 0.0
        self._suppressed = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is written, shortened where it is a parser error."""
        reason = _parser_reason(record)
        if reason is None:
            return True
        now = self._clock()
        if now < self._next:
            self._suppressed += 1
            return False
        more = f" (and {self._suppressed} more since the last such line)" if self._suppressed else ""
        record.msg = f"a malformed request was refused: {reason}{more}"
        record.args = ()
        record.exc_info = record.exc_text = None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        self._next, self._suppressed = now + INTERVAL_SECONDS, 0
        return True


def _parser_reason(record: logging.LogRecord) -> str | None:
    if not record.getMessage().startswith(_NOISY) or not record.exc_info:
        return None
    # By name, because the parser's C and Python variants raise classes of different modules.
    error = record.exc_info[1]
    families = {base.__name__ for base in type(error).__mro__}
    if not families & {"HttpProcessingError", "HttpVersionNotSupported"}:
        return None
    first, *_ = (str(getattr(error, "message", "")) or type(error).__name__).splitlines()
    return first[:REASON_LENGTH].rstrip(":")
