"""`/status/api/jobs`: a client's jobs, one of them whole, and an end to one that runs."""

from collections.abc import Mapping
from typing import Any, Protocol

from aiohttp import web

from app.page.answers import answer
from app.stores import JobStore
from app.stores.records import Job

FIRST = 50
MOST = 500
"""Jobs listed at most; the tool `jobs` narrows down by project and status."""

LONGEST_SHOWN = 200_000
"""Characters of an answer that are shown; its thread has the whole, and so has the download."""

MOST_ROUNDS = 64


class Cancels(Protocol):
    """The part of the jobs that ends one."""

    async def cancel(self, principal: str, job: str) -> Job:
        """Ask for a job to end, wherever it runs; return it as it then stands."""


class JobsApi:
    """Shows and cancels."""

    def __init__(self, store: JobStore, jobs: Cancels) -> None:
        self._store = store
        self._jobs = jobs

    async def list(self, request: web.Request, principal: str) -> web.Response:
        """Return the newest jobs, the newest first; `more` says that there are others."""
        most = min(MOST, max(1, whole(request, "most", FIRST)))
        found = await self._store.jobs(principal, status=None, project=None, most=most + 1)
        return answer({"jobs": [entry(job) for job in found[:most]], "more": len(found) > most, "most": MOST})

    async def show(self, request: web.Request, principal: str) -> web.Response:
        """Return one job with its answer, or with what had come of it."""
        job = await self._store.job(principal, request.match_info["job"])
        text, whole_length = await self._text(job)
        meta: Mapping[str, Any] = job.result["meta"] if job.result else {}
        return answer(
            {
                **entry(job),
                "text": text,
                "cut": max(0, whole_length - len(text)),
                "models": meta.get("exai/models", []),
                "usage": meta.get("exai/usage"),
                "notes": meta.get("exai/notes", []),
            }
        )

    async def cancel(self, request: web.Request, principal: str) -> web.Response:
        """End a job; one that another replica runs ends a moment later."""
        job = await self._jobs.cancel(principal, request.match_info["job"])
        return answer(entry(job))

    async def _text(self, job: Job) -> tuple[str, int]:
        """Return what is shown of a job's text, and how long the whole is."""
        if job.result is not None:
            text: str = job.result["text"]
            return text[:LONGEST_SHOWN], len(text)
        parts: list[str] = []
        after = length = 0
        for _ in range(MOST_ROUNDS):
            pieces = await self._store.output(job.principal, job.id, after)
            if not pieces or length > LONGEST_SHOWN:
                break
            after = pieces[-1].number
            parts += [piece.text for piece in pieces]
            length += sum(len(piece.text) for piece in pieces)
        return "".join(parts)[:LONGEST_SHOWN], max(length, job.output_characters)


def entry(job: Job) -> dict[str, Any]:
    """Write down what a list says of a job; money is nano-USD."""
    return {
        "id": job.id,
        "tool": job.tool,
        "status": job.status.value,
        "title": job.title,
        "project": job.project,
        "thread": job.thread,
        "created": job.created,
        "updated": job.updated,
        "cost": job.cost,
        "fault": job.fault,
        "characters": job.output_characters,
        "kept": not job.no_store,
        "stopping": job.cancel_requested and not job.status.over,
    }


def whole(request: web.Request, name: str, default: int) -> int:
    """Return a whole number of the query; what is none is the default."""
    text = request.query.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else default
