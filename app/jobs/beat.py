"""Waking whoever waits for the next thing to happen; any number of waiters, none of whom can miss it."""

import asyncio


class Beat:
    """A future for each who waits; one that gives up cancels its own, which is then forgotten."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    def next(self) -> "asyncio.Future[None]":
        """Return what is done when something next happens, counted from this very call."""
        waiting = asyncio.get_running_loop().create_future()
        self._waiting = [waiting, *(one for one in self._waiting if not one.done())]
        return waiting

    def now(self) -> None:
        """Something has happened."""
        happened, self._waiting = self._waiting, []
        for one in happened:
            if not one.done():
                one.set_result(None)
