"""Being asked to stop: once to drain, twice to hurry."""

import asyncio

from app.exits import Exit


class Shutdown:
    """Collects requests to stop; the first decides the exit code, the second ends every wait of the drain."""

    def __init__(self) -> None:
        self.exit = Exit.DRAINED
        self._asked = asyncio.Event()
        self._hurried = asyncio.Event()

    def ask(self, code: Exit = Exit.DRAINED) -> None:
        """Ask to stop."""
        if self._asked.is_set():
            self._hurried.set()
        else:
            self.exit = code
            self._asked.set()

    async def wait(self) -> None:
        """Wait, for as long as the server runs, until somebody asks."""
        await self._asked.wait()

    async def pause(self, seconds: float) -> None:
        """Wait this long, or until somebody is in a hurry."""
        try:
            async with asyncio.timeout(seconds):
                await self._hurried.wait()
        except TimeoutError:
            return

    async def hurried(self) -> None:
        """Wait until somebody asks a second time."""
        await self._hurried.wait()
