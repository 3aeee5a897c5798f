"""A thread removed for good: what still runs for it is ended first, and the audit chain says so after."""

from typing import Any, Protocol

from app.stores import AuditLog, JobStore, ThreadStore
from app.stores.records import AuditEvent, JobStatus

MOST_RUNNING = 1_000
"""Running jobs that are looked through for those of the thread."""


class Kept(ThreadStore, JobStore, AuditLog, Protocol):
    """What is removed from, and who writes it down."""


class Cancels(Protocol):
    """The part of the jobs that ends one."""

    async def cancel(self, principal: str, job: str) -> Any:
        """Ask for a job to end, wherever it runs."""


async def remove(store: Kept, jobs: Cancels, principal: str, thread: str) -> None:
    """Remove a thread with its turns, its jobs' content and the files that no other thread refers to.

    Raises:
        NotFoundError: there is no such thread of this principal.
    """
    running = await store.jobs(principal, status=JobStatus.RUNNING, project=None, most=MOST_RUNNING)
    for job in running:
        if job.thread == thread:
            await jobs.cancel(principal, job.id)
    await store.delete_thread(principal, thread)
    await store.record(principal, AuditEvent("thread deleted", {"thread": thread}))
