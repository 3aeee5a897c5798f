"""Watching a job that another replica runs: through the store, woken by the replicas' bus."""

import asyncio

from app.jobs import rendering
from app.jobs.beat import Beat
from app.jobs.view import View
from app.protocol.tools import Call, ToolResult
from app.stores import JobStore
from app.stores.records import Job

LOOK_SECONDS = 1.0
"""How often a job of another replica is looked at; its end is told by the bus at once."""


class Follower:
    """Follows jobs by what the store says of them."""

    def __init__(self, store: JobStore) -> None:
        self._store = store
        self._moved: dict[str, list[asyncio.Future[None]]] = {}

    def moved(self, job: str) -> None:
        """Look at a job again now."""
        for waiting in self._moved.pop(job, ()):
            if not waiting.done():
                waiting.set_result(None)

    async def follow(self, call: Call, job: Job, seconds: float) -> ToolResult:
        """Watch a job until it is over or for so long, and return what is to be said of it."""
        seen = _Seen(job)
        if not job.status.over and seconds > 0:
            over = asyncio.ensure_future(self._until_over(seen))
            view = View(call, lambda: ("running", seen.text), seen.beat.next)
            try:
                await view.until(over, seconds)
            finally:
                over.cancel()
                await asyncio.gather(over, return_exceptions=True)
        if seen.job.result is None:
            await self._read(seen)
        return rendering.of_job(seen.job, seen.text)

    async def _until_over(self, seen: "_Seen") -> None:
        while not seen.job.status.over:
            waiting = asyncio.get_running_loop().create_future()
            self._moved.setdefault(seen.job.id, []).append(waiting)
            try:
                await asyncio.wait({waiting}, timeout=LOOK_SECONDS)
            finally:
                waiting.cancel()
            await self._read(seen)
            seen.job = await self._store.job(seen.job.principal, seen.job.id)

    async def _read(self, seen: "_Seen") -> None:
        while pieces := await self._store.output(seen.job.principal, seen.job.id, seen.number):
            seen.number = pieces[-1].number
            seen.add("".join(piece.text for piece in pieces))


class _Seen:
    """What one follower has seen of a job."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.text = ""
        self.number = 0
        self.beat = Beat()

    def add(self, text: str) -> None:
        self.text += text
        self.beat.now()
