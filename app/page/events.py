"""`/status/events`: one stream of server-sent events a page, bounded in number, that ends with its login.

Events: `replica` (what one replica does for this client), `began`, `said` and `over` (the text of the
attached job), `leaving` (this replica stops; connect again), `expired` (sign in again).
Source: WHATWG HTML, "Server-sent events".
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import orjson
from aiohttp import web

from app.page.answers import PRIVATE, refusal
from app.page.tickets import Ticket
from app.page.watching import Watching
from app.stores import JobStore, NotFoundError, StoreError

MOST_STREAMS_PER_CLIENT = 12
MOST_STREAMS = 200
"""Past these a page asks every few seconds in place of listening."""

LOOK_SECONDS = 1.0
"""How often a stream looks whether it has to end."""
TEXT_SECONDS = 0.5
"""How often the text of an attached job is looked at; a job keeps a piece every quarter of a second."""
HEARTBEAT_SECONDS = 15.0
"""What proxies and browsers may take for silence is longer."""
STALL_SECONDS = 10.0
"""How long a browser may take to read what was sent."""
RETRY_MILLISECONDS = 2000
RETRY_SECONDS = 5

FULL = "Enough pages of this client are open: close one; this one asks every few seconds meanwhile."


class Events:
    """Serves the streams."""

    def __init__(self, watching: Watching, store: JobStore, holds: Callable[[Ticket], bool]) -> None:
        self._watching = watching
        self._store = store
        self._holds = holds
        self._open: Counter[str] = Counter()
        self._leaving = asyncio.Event()

    def drain(self) -> None:
        """End every stream; the pages go elsewhere or come back."""
        self._leaving.set()

    async def serve(self, request: web.Request, ticket: Ticket) -> web.StreamResponse:
        """Send what happens until the page is closed, the login is over or this replica leaves."""
        principal = ticket.principal
        if self._leaving.is_set():
            return refusal(503, "This replica is leaving; connect again.", {"Retry-After": "1"})
        if self._open[principal] >= MOST_STREAMS_PER_CLIENT or self._open.total() >= MOST_STREAMS:
            return refusal(503, FULL, {"Retry-After": str(RETRY_SECONDS)})
        response = web.StreamResponse(headers={**PRIVATE, "X-Accel-Buffering": "no"})
        response.content_type = "text/event-stream"
        self._open[principal] += 1
        try:
            await response.prepare(request)
            await self._send(response, ticket, request.query.get("attach"))
        except (TimeoutError, ConnectionError):
            pass  # it reads too slowly, or is gone
        finally:
            self._open[principal] -= 1
        return response

    async def _send(self, response: web.StreamResponse, ticket: Ticket, attached: str | None) -> None:
        text = Attached(self._store, ticket.principal, attached) if attached else None
        await _write(response, f"retry: {RETRY_MILLISECONDS}\n\n".encode())
        version, silent = 0, 0.0
        pause = TEXT_SECONDS if text else LOOK_SECONDS
        async with self._watching.looking(ticket.principal) as room:
            while True:
                told = [event(b"replica", data) for data in room.since(version)]
                version = room.version
                if text is not None:
                    told += await text.news()
                end = self._end(ticket)
                told += [event(end, b"{}")] if end else []
                silent = 0.0 if told else silent + pause
                if silent >= HEARTBEAT_SECONDS:
                    told, silent = [b": still here\n\n"], 0.0
                if told:
                    await _write(response, b"".join(told))
                if end:
                    return
                await self._pause(room.wait(pause))

    def _end(self, ticket: Ticket) -> bytes:
        if self._leaving.is_set():
            return b"leaving"
        return b"" if self._holds(ticket) else b"expired"

    async def _pause(self, news: Any) -> None:
        waits = [asyncio.ensure_future(news), asyncio.ensure_future(self._leaving.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


class Attached:
    """The text of one job as it comes, read from the store, whichever replica runs it."""

    def __init__(self, store: JobStore, principal: str, job: str) -> None:
        self._store = store
        self._principal = principal
        self._job = job
        self._number = -1
        self._over = False

    async def news(self) -> list[bytes]:
        """Return the events since the last time; while the store is away there are none."""
        if self._over:
            return []
        try:
            return await self._read()
        except NotFoundError:
            self._over = True
            return [event(b"over", orjson.dumps({"job": self._job, "status": "unknown"}))]
        except StoreError:
            return []

    async def _read(self) -> list[bytes]:
        told = []
        if self._number < 0:
            self._number = 0
            told.append(event(b"began", orjson.dumps({"job": self._job})))
        # Asked before the pieces: what is over then has no more of them.
        job = await self._store.job(self._principal, self._job)
        pieces = await self._store.output(self._principal, self._job, self._number)
        if pieces:
            self._number = pieces[-1].number
            said = "".join(piece.text for piece in pieces)
            told.append(event(b"said", orjson.dumps({"job": self._job, "text": said})))
        elif job.status.over:
            self._over = True
            told.append(event(b"over", orjson.dumps({"job": self._job, "status": job.status.value})))
        return told


def event(name: bytes, data: bytes) -> bytes:
    """Frame one event; JSON has no line ends of its own."""
    return b"event: " + name + b"\ndata: " + data + b"\n\n"


async def _write(response: web.StreamResponse, data: bytes) -> None:
    async with asyncio.timeout(STALL_SECONDS):
        await response.write(data)
