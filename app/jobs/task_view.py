"""Jobs as tasks: a task of the Tasks extension that is a job is found for as long as the job is."""

from typing import Any

from app.jobs import rendering
from app.protocol.errors import INTERRUPTED
from app.protocol.task import POLL_MILLISECONDS
from app.protocol.tasks import Shelf
from app.stores import JobStore, StoreError
from app.stores.records import Job, JobStatus

_STATUSES = {JobStatus.RUNNING: "working", JobStatus.CANCELLED: "cancelled"}
"""Of the others the call was answered, with an error or without: the task is completed."""


class JobShelf:
    """A `Shelf` that asks the store for tasks which no replica runs any more."""

    def __init__(self, shelf: Shelf, store: JobStore) -> None:
        self._shelf = shelf
        self._store = store

    async def put(self, principal: str, task: dict[str, Any]) -> None:
        """Show a task to every replica."""
        await self._shelf.put(principal, task)

    def tell(self, order: dict[str, Any]) -> None:
        """Pass an order to whichever replica runs the task."""
        self._shelf.tell(order)

    async def find(self, principal: str, task_id: str) -> dict[str, Any] | None:
        """Return what a replica shows of a task, else what the store says of the job of this id."""
        shown = await self._shelf.find(principal, task_id)
        if shown is not None and shown.get("error", {}).get("code") != INTERRUPTED:
            return shown
        try:
            job = await self._store.job(principal, task_id)
            pieces = await self._store.output(principal, task_id, 0)
        except StoreError:
            return shown
        return as_task(job, "".join(piece.text for piece in pieces))


def as_task(job: Job, partial: str) -> dict[str, Any]:
    """Write a job as the specification's `DetailedTask` (extension io.modelcontextprotocol/tasks)."""
    task: dict[str, Any] = {
        "taskId": job.id,
        "status": _STATUSES.get(job.status, "completed"),
        "createdAt": job.created.isoformat(timespec="milliseconds"),
        "lastUpdatedAt": job.updated.isoformat(timespec="milliseconds"),
        "ttlMs": None,
        "pollIntervalMs": POLL_MILLISECONDS,
    }
    if task["status"] == "completed":
        answer = rendering.of_job(job, partial)
        result = {"content": answer.content, "isError": answer.is_error, "_meta": answer.meta}
        if answer.structured is not None:
            result["structuredContent"] = answer.structured
        task["result"] = result
    return task
