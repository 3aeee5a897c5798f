"""Every operation of the store as the call of the function that has its name."""

import asyncio
import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.stores import audit_chain, migrations, reading, sweep_rules
from app.stores.functions.appending import Appends
from app.stores.functions.calling import Caller, soon
from app.stores.protocol import Meanwhile
from app.stores.records import (
    AuditEntry,
    AuditEvent,
    File,
    Finish,
    Grant,
    Hit,
    Job,
    JobStatus,
    NewCall,
    NewJob,
    Piece,
    Settlement,
    Spending,
    Standing,
    Started,
    Statement,
    Swept,
    Thread,
    Turn,
)
from app.stores.storable import storable
from app.threads.words import index_words

MOST_PIECES = 1000
"""Pieces of output returned at once."""

MOST_COUNTED = 1000
"""Running jobs of one principal that are counted."""


class FunctionStore(Caller):
    """See `app.stores.protocol` for what each method does, and the SQL for how."""

    def __init__(self) -> None:
        self._migrations = migrations.load("postgres")
        self._appends = Appends(lambda appends: self._ask("append_outputs", appends=appends))

    async def ping(self) -> None:
        """Make one round trip."""
        await self._call("applied_migrations", {})

    async def schema_version(self) -> int:
        """Return the last migration seen; see the Protocol."""
        applied = await self._ask("applied_migrations")
        return migrations.check([(version, oldest) for version, oldest in applied], self._migrations)

    # Jobs

    async def start_job(
        self,
        job: NewJob,
        *,
        prompt: Turn | None,
        call: NewCall | None,
        audit: AuditEvent,
        meanwhile: Meanwhile | None = None,
    ) -> Started:
        """Make a job, its prompt and the reservation of its first call."""
        soon(meanwhile)
        words = index_words(prompt.text) if prompt and not job.no_store else []
        found = await self._ask(
            "start_job", job=job, prompt=prompt, words=words, call=call, audit=_link(audit)
        )
        return Started(
            fresh=found["fresh"],
            job=found["job"] and reading.job(found["job"]),
            grant=found["grant"] and reading.grant(found["grant"]),
        )

    async def reserve(self, job: str, call: NewCall, *, meanwhile: Meanwhile | None = None) -> Grant:
        """Hold money for a further call."""
        soon(meanwhile)
        return reading.grant(await self._ask("reserve", job=job, call=call))

    async def settle(self, settlement: Settlement) -> None:
        """Replace what a call holds by what it costs."""
        await self._ask("settle", settlement=settlement)

    async def append_output(self, job: str, replica: str, call: str, piece: Piece) -> Standing:
        """Keep one piece of output, together with what others append at the same time."""
        return await self._appends.append(
            {"job": job, "replica": replica, "call": call, "number": piece.number, "text": piece.text}
        )

    async def renew_leases(self, replica: str, lease_seconds: float) -> Sequence[str]:
        """Extend the leases of a replica."""
        asked: list[str] = await self._ask("renew_leases", replica=replica, lease_seconds=lease_seconds)
        return asked

    async def finish_job(self, finish: Finish) -> bool:
        """End a job."""
        finish = storable(finish)  # here, because the result becomes a text within the text
        told = {
            "job": finish.job,
            "replica": finish.replica,
            "status": finish.status,
            "result": None if finish.result is None else audit_chain.canonical(finish.result),
            "fault": finish.fault,
            "answer": finish.answer,
            "settlements": finish.settlements,
        }
        words = index_words(finish.answer.text) if finish.answer else None
        done: bool = await self._ask(
            "finish_job", finish=told, words=words, audit=finish.audit and _link(finish.audit)
        )
        return done

    async def request_cancel(self, principal: str, job: str) -> Job:
        """Ask for a stop."""
        return reading.job(await self._ask("request_cancel", principal=principal, job=job))

    async def job(self, principal: str, job: str) -> Job:
        """Return one job."""
        return reading.job(await self._ask("job", principal=principal, job=job))

    async def jobs(
        self, principal: str, *, status: JobStatus | None, project: str | None, most: int
    ) -> Sequence[Job]:
        """Return jobs, the newest first."""
        found = await self._ask("jobs", principal=principal, status=status, project=project, most=most)
        return [reading.job(row) for row in found]

    async def output(self, principal: str, job: str, after: int) -> Sequence[Piece]:
        """Return pieces of output."""
        found = await self._ask("output", principal=principal, job=job, after=after, most=MOST_PIECES)
        return [reading.piece(row) for row in found]

    async def sweep(self, *, unknown_seconds: float, retention_days: int, audit_event: str) -> Swept:
        """Do what time makes due, each kind of thing in a transaction of its own."""
        most = sweep_rules.MOST
        interrupted = await self._ask(
            "interrupt_expired", audit_event=audit_event, fault=sweep_rules.FAULT, most=most
        )
        estimated = await self._ask("book_unknown", unknown_seconds=unknown_seconds, most=most)
        removed = await self._ask("remove_old", retention_days=retention_days, most=most)
        for turn in await self._ask("unindexed_turns", most=most):
            await self._ask("index_turn", seq=turn["seq"], words=index_words(turn["text"]))
        return Swept(
            interrupted=tuple(map(reading.job, interrupted)),
            estimated=estimated,
            removed_threads=removed["threads"],
            removed_jobs=removed["jobs"],
            removed_files=removed["files"],
        )

    # Threads

    async def thread(self, principal: str, thread: str) -> Thread:
        """Return one thread."""
        return reading.thread(await self._ask("thread", principal=principal, thread=thread))

    async def turns(self, principal: str, thread: str, *, after: int, most: int) -> Sequence[Turn]:
        """Return turns of a thread."""
        found = await self._ask("turns", principal=principal, thread=thread, after=after, most=most)
        return [reading.turn(row) for row in found]

    async def threads(
        self, principal: str, *, project: str | None, before: datetime | None, most: int
    ) -> Sequence[Thread]:
        """Return threads, the last touched first."""
        found = await self._ask("threads", principal=principal, project=project, before=before, most=most)
        return [reading.thread(row) for row in found]

    async def search_turns(
        self, principal: str, words: Sequence[str], *, project: str | None, most: int
    ) -> Sequence[Hit]:
        """Return the newest turns with all of the words."""
        if not words:
            return []
        found = await self._ask("search_turns", principal=principal, words=words, project=project, most=most)
        return [reading.hit(row) for row in found]

    async def fork_thread(self, principal: str, thread: str, new: str, *, through: int) -> Thread:
        """Copy a thread's beginning."""
        found = await self._ask("fork_thread", principal=principal, thread=thread, new=new, through=through)
        return reading.thread(found)

    async def delete_thread(self, principal: str, thread: str) -> None:
        """Remove a thread with all its content."""
        await self._ask("delete_thread", removes=True, principal=principal, thread=thread)

    async def keep_summary(self, principal: str, thread: str, summary: str, *, through: int) -> None:
        """Keep a summary."""
        await self._ask("keep_summary", principal=principal, thread=thread, summary=summary, through=through)

    # Files, money, audit

    async def put_file(self, file: File) -> File:
        """Keep a file."""
        return reading.file(await self._ask("put_file", file=file))

    async def file(self, principal: str, file: str) -> File:
        """Return a file with its content."""
        found = await self._ask("file", principal=principal, file=file)
        return reading.file(found, base64.b64decode(found["content"]))

    async def held(self, scopes: Sequence[str], day: str) -> dict[str, int]:
        """Return what is spent and held."""
        found: dict[str, int] = await self._ask("held", scopes=scopes, day=day)
        return found

    async def spending(self, principal: str | None, *, since: str) -> Sequence[Spending]:
        """Return what was spent."""
        found = await self._ask("spending", principal=principal, since=since)
        return [reading.spending(row) for row in found]

    async def statement(self, principal: str, scopes: Sequence[str], day: str) -> Statement:
        """Return what a principal is told of its account, asked for at once on several connections."""
        held, spending, running = await asyncio.gather(
            self.held(scopes, day),
            self.spending(principal, since=day),
            self.jobs(principal, status=JobStatus.RUNNING, project=None, most=MOST_COUNTED),
        )
        return Statement(held, spending, len(running))

    async def record(self, principal: str, event: AuditEvent) -> None:
        """Add one link to a chain."""
        await self._ask("record", principal=principal, audit=_link(event))

    async def audit_entries(self, principal: str, *, after: int, most: int) -> Sequence[AuditEntry]:
        """Return links of a chain."""
        found = await self._ask("audit_entries", principal=principal, after=after, most=most)
        return [reading.audit_entry(row) for row in found]

    async def audit_heads(self) -> dict[str, tuple[int, str]]:
        """Return the newest links."""
        found = await self._ask("audit_heads")
        return {principal: (number, hash_) for principal, (number, hash_) in found.items()}


def _link(event: AuditEvent) -> dict[str, Any]:
    """Return an event as the functions take it: the facts as the text that is hashed."""
    return {"event": event.event, "facts": audit_chain.canonical(storable(event.facts)), "id": event.id}
