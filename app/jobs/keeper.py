"""What time makes due: leases are renewed, jobs of silent replicas end, old things go."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from app.jobs.account import LEASE_SECONDS
from app.jobs.jobs import Jobs
from app.stores import JobStore, StoreError

RENEW_SECONDS = LEASE_SECONDS / 3
SWEEP_SECONDS = 10.0
"""How often jobs whose replica is gone are looked for: a lease and this later they are interrupted."""

UNKNOWN_SECONDS = 3600.0
"""How long the worst case of a call is held whose usage nobody read, before it is booked at its estimate."""

log = structlog.get_logger(__name__)


class Keeper:
    """Keeps this replica's jobs alive and everybody's in order, until cancelled."""

    def __init__(self, store: JobStore, jobs: Jobs, *, replica: str, retention_days: int) -> None:
        self._store = store
        self._jobs = jobs
        self._replica = replica
        self._retention_days = retention_days

    async def run(self) -> None:
        """Renew and sweep; a store that is away is tried again at the next turn."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._forever(self._renew, RENEW_SECONDS), name="leases")
            tasks.create_task(self._forever(self._sweep, SWEEP_SECONDS), name="sweep")

    async def _renew(self) -> None:
        if len(self._jobs):
            for job in await self._store.renew_leases(self._replica, LEASE_SECONDS):
                self._jobs.stop(job)

    async def _sweep(self) -> None:
        swept = await self._store.sweep(
            unknown_seconds=UNKNOWN_SECONDS,
            retention_days=self._retention_days,
            audit_event="job interrupted",
        )
        for job in swept.interrupted:
            log.warning(
                "a job was interrupted: its replica is gone", job=job.id, replica=job.replica, tool=job.tool
            )
        if swept.estimated or swept.removed_threads or swept.removed_jobs or swept.removed_files:
            log.info(
                "swept",
                estimated=swept.estimated,
                threads=swept.removed_threads,
                jobs=swept.removed_jobs,
                files=swept.removed_files,
            )

    @staticmethod
    async def _forever(step: "Callable[[], Coroutine[Any, Any, None]]", seconds: float) -> None:
        away = False
        while True:
            try:
                await step()
                away = False
            except StoreError as error:
                if not away:
                    log.warning("the jobs cannot be kept in order; trying again", reason=str(error))
                away = True
            await asyncio.sleep(seconds)
