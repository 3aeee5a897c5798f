"""Ctrl-C while a program of ours runs another one, which has it too."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interrupts_counted() -> Iterator[Sequence[int]]:
    """Let Ctrl-C end the child alone. A handler, not SIG_IGN, which the child would inherit."""
    seen: list[int] = []

    def pass_over(number: int, _frame: FrameType | None) -> None:
        """Pulumi has it too, and says what it does about it."""
        seen.append(number)

    before = signal.signal(signal.SIGINT, pass_over)
    try:
        yield seen
    finally:
        signal.signal(signal.SIGINT, before)
