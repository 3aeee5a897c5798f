"""Waking whoever waits for the next thing to happen; any number of waiters, none of whom can miss it."""

import asyncio


class Beat:
    """One future at a time, shared by all who wait; a waiter leaves it alone when it gives up."""

    def __init__(self) -> None:
        self._next: asyncio.Future[None] | None = None

    def next(self) -> "asyncio.Future[None]":
        """Return what is done when something next happens, counted from this very call."""
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
        return self._next

    def now(self) -> None:
        """Something has happened."""
        happened, self._next = self._next, None
        if happened is not None and not happened.done():
            happened.set_result(None)
