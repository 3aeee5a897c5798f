"""What the program does when Pulumi ends it: nothing more, and without a traceback."""

import os
import signal
from types import FrameType

INTERRUPTED = 128 + signal.SIGINT
"""The exit status shells use for it."""


def end_quietly() -> None:
    """End at once on SIGINT.

    Pulumi interrupts the program when an update fails or is cancelled. Python's own answer is the traceback
    of whatever it was doing, which would bury the sentence that says what happened.
    """
    signal.signal(signal.SIGINT, _end)


def _end(_signal: int, _frame: FrameType | None) -> None:
    os._exit(INTERRUPTED)
