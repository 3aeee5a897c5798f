"""`threads`: the conversations of this client, listed, searched, shown, taken away, forked and deleted."""

from collections.abc import Awaitable, Callable
from typing import Any, Literal, Protocol

from pydantic import Field

from app.counted import counted
from app.ids import new_id
from app.jobs.errors import RefusedError
from app.jobs.jobs import Jobs
from app.jobs.pages import page
from app.protocol.tools import Call, Tool, ToolResult, text
from app.stores import AuditLog, JobStore, ThreadStore
from app.stores.records import AuditEvent, Thread
from app.threads.conversation import turns_after
from app.threads.excerpts import excerpt
from app.threads.export import as_json, as_markdown
from app.threads.removal import remove
from app.threads.words import query_words
from app.tools.arguments import LONGEST_PROJECT, Arguments, Line, Moment, OptionalHandle, OptionalLine
from app.tools.model_tool import REFUSALS, refused

MOST_LISTED = 50
MOST_FOUND = 20
LONGEST_QUERY = 400

Changed = Callable[[str, str], None]
"""Told (principal, thread) when a thread reads differently now, or is there no more."""


class Kept(ThreadStore, JobStore, AuditLog, Protocol):
    """What the tool works on."""


class ThreadsArguments(Arguments):
    """What to do with which thread."""

    action: Literal["list", "search", "show", "export", "delete", "fork"]
    thread: OptionalHandle = None
    query: Line = Field(default="", max_length=LONGEST_QUERY, description="search: words that all occur")
    project: OptionalLine = Field(default=None, max_length=LONGEST_PROJECT, description="list, search")
    before: Moment = Field(default=None, description="list: as the last list says")
    format: Literal["markdown", "json"] = Field(default="markdown", description="export")
    page: int = Field(default=1, ge=1, le=100_000, description="show, export: part of a long one")
    through: int | None = Field(default=None, ge=1, description="fork: up to this exchange; else all")
    confirm: OptionalLine = Field(default=None, description="delete: the thread's id again")


def threads_tool(store: Kept, jobs: Jobs, changed: Changed) -> Tool[ThreadsArguments]:
    """Make the tool."""
    actions = _Actions(store, jobs, changed)
    table: dict[str, Callable[[str, ThreadsArguments], Awaitable[ToolResult]]] = {
        "list": actions.list,
        "search": actions.search,
        "show": actions.show,
        "export": actions.export,
        "delete": actions.delete,
        "fork": actions.fork,
    }

    async def handle(call: Call, arguments: ThreadsArguments) -> ToolResult:
        try:
            return await table[arguments.action](call.principal, arguments)
        except REFUSALS as error:
            return refused(error)

    return Tool(
        name="threads",
        title="Threads",
        description="Your conversations with the models, kept over sessions and clients: list them, search "
        "them, show or export one, fork one to try something else, delete one for good.",
        arguments=ThreadsArguments,
        handler=handle,
        annotations={
            "readOnlyHint": False,
            "destructiveHint": True,
            "idempotentHint": False,
            "openWorldHint": False,
        },
    )


class _Actions:
    """One method an action."""

    def __init__(self, store: Kept, jobs: Jobs, changed: Changed) -> None:
        self._store = store
        self._jobs = jobs
        self._changed = changed

    async def list(self, principal: str, arguments: ThreadsArguments) -> ToolResult:
        threads = await self._store.threads(
            principal, project=arguments.project, before=arguments.before, most=MOST_LISTED
        )
        onward = threads[-1].updated.isoformat() if len(threads) == MOST_LISTED else None
        structured = {"threads": [as_entry(thread) for thread in threads], "before": onward}
        lines = [as_line(thread) for thread in threads] or ["There is no thread here yet."]
        if onward:
            lines.append(f'[More: the same call with "before": "{onward}".]')
        return ToolResult([text("\n".join(lines))], structured=structured)

    async def search(self, principal: str, arguments: ThreadsArguments) -> ToolResult:
        words = query_words(arguments.query)
        if not words:
            raise RefusedError("A search needs words: pass them as `query`.")
        hits = await self._store.search_turns(principal, words, project=arguments.project, most=MOST_FOUND)
        found = [
            {
                "thread": hit.thread,
                "title": hit.title,
                "project": hit.project,
                "exchange": hit.turn.number,
                "role": hit.turn.role,
                "created": hit.turn.created.isoformat(),
                "excerpt": excerpt(hit.turn.text, words),
            }
            for hit in hits
        ]
        lines = [
            f"- {one['thread']}, exchange {one['exchange']} ({one['role']}, {one['title']}): {one['excerpt']}"
            for one in found
        ]
        if len(found) == MOST_FOUND:
            lines.append(f"[The newest {MOST_FOUND}; more words narrow it down.]")
        return ToolResult([text("\n".join(lines) or "Nothing was found.")], structured={"found": found})

    async def show(self, principal: str, arguments: ThreadsArguments) -> ToolResult:
        thread = await self._store.thread(principal, _needed(arguments))
        turns = await turns_after(self._store, principal, thread.id, 0)
        return ToolResult([text(_part(as_markdown(thread, turns), thread, arguments))])

    async def export(self, principal: str, arguments: ThreadsArguments) -> ToolResult:
        thread = await self._store.thread(principal, _needed(arguments))
        turns = await turns_after(self._store, principal, thread.id, 0)
        write = as_json if arguments.format == "json" else as_markdown
        whole = write(thread, turns)
        if arguments.page == 1:
            facts = {"thread": thread.id, "format": arguments.format}
            await self._store.record(principal, AuditEvent("thread exported", facts))
        return ToolResult([text(_part(whole, thread, arguments))])

    async def delete(self, principal: str, arguments: ThreadsArguments) -> ToolResult:
        thread = await self._store.thread(principal, _needed(arguments))
        if arguments.confirm != thread.id:
            raise RefusedError(
                f"Nothing was deleted. {thread.id} ({thread.title!r}, "
                f"{counted(thread.exchanges, 'exchange')}) would be gone for good, with its "
                "files and its jobs' answers: repeat the call with "
                f'"confirm": "{thread.id}".'
            )
        await remove(self._store, self._jobs, principal, thread.id)
        self._changed(principal, thread.id)
        words = f"{thread.id} is deleted, with its files and its jobs' answers. What it cost stays booked."
        return ToolResult([text(words)])

    async def fork(self, principal: str, arguments: ThreadsArguments) -> ToolResult:
        thread = await self._store.thread(principal, _needed(arguments))
        through = arguments.through or thread.exchanges
        if through > thread.exchanges:
            raise RefusedError(
                f"{thread.id} has {counted(thread.exchanges, 'exchange')} and no {through}: name one "
                "that it has."
            )
        new = await self._store.fork_thread(principal, thread.id, new_id("thread"), through=through)
        facts = {"thread": thread.id, "new": new.id}
        await self._store.record(principal, AuditEvent("thread forked", facts))
        self._changed(principal, new.id)
        first = f"the first {counted(through, 'exchange')} of {thread.id}"
        words = f"{new.id} holds {first}: go on with it as `thread`."
        return ToolResult([text(words)])


def as_entry(thread: Thread) -> dict[str, Any]:
    """Write down what a list says of a thread."""
    return {
        "id": thread.id,
        "title": thread.title,
        "project": thread.project,
        "exchanges": thread.exchanges,
        "updated": thread.updated.isoformat(),
        "forked_from": thread.forked_from,
    }


def as_line(thread: Thread) -> str:
    """Say the same on one line."""
    facts = [
        f"{thread.updated:%Y-%m-%d %H:%M} UTC",
        counted(thread.exchanges, "exchange"),
        *([f"project {thread.project}"] if thread.project else []),
        *([f"forked from {thread.forked_from}"] if thread.forked_from else []),
    ]
    return f"- {thread.id}: {thread.title or '(untitled)'} ({', '.join(facts)})"


def _needed(arguments: ThreadsArguments) -> str:
    if arguments.thread is None:
        raise RefusedError(f"`{arguments.action}` needs a `thread`: `list` names those there are.")
    return arguments.thread


def _part(whole: str, thread: Thread, arguments: ThreadsArguments) -> str:
    more = f"the resource exai://threads/{thread.id} has the whole as Markdown."
    return page(whole, arguments.page, f'the same call with "page": {{page}}; {more}')
