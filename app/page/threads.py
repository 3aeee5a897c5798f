"""`/status/api/threads`: listed page by page, searched, read, taken away, deleted."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from aiohttp import web

from app.page.answers import PRIVATE, answer, refusal
from app.page.jobs import Cancels, whole
from app.stores import AuditLog, JobStore, ThreadStore
from app.stores.records import AuditEvent, Hit, Thread, Turn
from app.threads.conversation import turns_after
from app.threads.excerpts import excerpt
from app.threads.export import as_json, as_markdown
from app.threads.removal import remove
from app.threads.words import query_words

PAGE = 50
"""Threads of one page of the list, and the most hits of a search."""

PAGE_TURNS = 40
LONGEST_SHOWN = 100_000
"""Characters of one turn that are shown; the export has the whole."""

LONGEST_QUERY = 400

Changed = Callable[[str, str], None]
"""Told (principal, thread) when a thread is there no more."""


class Kept(ThreadStore, JobStore, AuditLog, Protocol):
    """What the page reads and removes."""


class ThreadsApi:
    """Shows, exports and deletes."""

    def __init__(self, store: Kept, jobs: Cancels, changed: Changed) -> None:
        self._store = store
        self._jobs = jobs
        self._changed = changed

    async def list(self, request: web.Request, principal: str) -> web.Response:
        """Return one page, the last touched first; `next` is what the next page is asked `before`."""
        project = request.query.get("project") or None
        query = request.query.get("q", "")[:LONGEST_QUERY]
        if query.strip():
            return await self._search(principal, query, project)
        try:
            before = datetime.fromisoformat(request.query["before"]) if "before" in request.query else None
        except ValueError:
            return refusal(400, "`before` is no time: take it from `next` of the page before.")
        found = await self._store.threads(principal, project=project, before=before, most=PAGE + 1)
        rest = len(found) > PAGE
        # As it is kept, to the last digit: a rounded moment would skip threads or show one twice.
        onward = found[PAGE - 1].updated.isoformat() if rest else None
        return answer({"threads": [entry(thread) for thread in found[:PAGE]], "next": onward})

    async def show(self, request: web.Request, principal: str) -> web.Response:
        """Return a thread with one page of its turns; `next` is the number the next page comes `after`."""
        thread = await self._store.thread(principal, request.match_info["thread"])
        turns = await self._store.turns(
            principal, thread.id, after=whole(request, "after", 0), most=PAGE_TURNS
        )
        onward = None
        if len(turns) == PAGE_TURNS:
            # An exchange is never split between two pages.
            last = turns[-1].number
            turns = [turn for turn in turns if turn.number < last]
            onward = turns[-1].number
        return answer({**entry(thread), "turns": [_turn(turn) for turn in turns], "next": onward})

    async def export(self, request: web.Request, principal: str) -> web.Response:
        """Return a whole thread as a file, `format` markdown or json."""
        kind = "json" if request.query.get("format") == "json" else "markdown"
        thread = await self._store.thread(principal, request.match_info["thread"])
        turns = await turns_after(self._store, principal, thread.id, 0)
        text = (as_json if kind == "json" else as_markdown)(thread, turns)
        await self._store.record(
            principal, AuditEvent("thread exported", {"thread": thread.id, "format": kind})
        )
        suffix, content_type = ("json", "application/json") if kind == "json" else ("md", "text/markdown")
        return web.Response(
            text=text,
            content_type=content_type,
            charset="utf-8",
            headers={**PRIVATE, "Content-Disposition": f'attachment; filename="{thread.id}.{suffix}"'},
        )

    async def delete(self, request: web.Request, principal: str) -> web.Response:
        """Remove a thread whose id was typed or confirmed: the body must be the id again."""
        thread = await self._store.thread(principal, request.match_info["thread"])
        if request.headers.get("X-Confirm") != thread.id:
            return refusal(400, "Nothing was deleted: the confirmation must name the thread.")
        await remove(self._store, self._jobs, principal, thread.id)
        self._changed(principal, thread.id)
        return answer({"deleted": thread.id})

    async def _search(self, principal: str, query: str, project: str | None) -> web.Response:
        words = query_words(query)
        hits = (
            await self._store.search_turns(principal, words, project=project, most=PAGE + 1) if words else []
        )
        return answer(
            {
                "hits": [_hit(hit, words) for hit in hits[:PAGE]],
                "words": words,
                "more": len(hits) > PAGE,
            }
        )


def entry(thread: Thread) -> dict[str, Any]:
    """Write down what a list says of a thread."""
    return {
        "id": thread.id,
        "title": thread.title,
        "project": thread.project,
        "exchanges": thread.exchanges,
        "created": thread.created,
        "updated": thread.updated,
        "forked_from": thread.forked_from,
    }


def _turn(turn: Turn) -> dict[str, Any]:
    return {
        "number": turn.number,
        "role": turn.role,
        "text": turn.text[:LONGEST_SHOWN],
        "cut": max(0, len(turn.text) - LONGEST_SHOWN),
        "created": turn.created,
        "model": turn.model,
        "tool": turn.tool,
        "job": turn.job,
        "files": len(turn.files),
        "partial": turn.partial,
        "input_tokens": turn.input_tokens,
        "output_tokens": turn.output_tokens,
        "cost": turn.cost,
    }


def _hit(hit: Hit, words: list[str]) -> dict[str, Any]:
    return {
        "thread": hit.thread,
        "title": hit.title,
        "project": hit.project,
        "exchange": hit.turn.number,
        "role": hit.turn.role,
        "created": hit.turn.created,
        "excerpt": excerpt(hit.turn.text, words),
    }
