"""The store on a SQLite file: every operation of the Protocol, handed to the thread that does it."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from app.stores import migrations
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
from app.stores.sqlite import audit, files, jobs, ledger, schema, sweeping, threads, turns
from app.stores.sqlite.connection import Connection
from app.stores.sqlite.reader import Reader
from app.stores.sqlite.writer import Writer

FILE_NAME = "exai.sqlite3"


class SqliteStore:
    """See `app.stores.protocol` for what each method does; here is only which thread does it."""

    name = "sqlite"

    def __init__(self, path: Path) -> None:
        self._migrations = migrations.load("sqlite")
        self._writer = Writer(path)
        self._reader = Reader(path)

    async def open(self) -> None:
        """Open the file, made on first use, and migrate it."""
        await self._writer.open(lambda connection: schema.migrate(connection, self._migrations))
        await self._reader.open()

    async def close(self) -> None:
        """Close the file; SQLite folds its log into it."""
        await self._reader.close()
        await self._writer.close()

    async def ping(self) -> None:
        """Read from the file itself, not only from memory."""
        await self._reader.run(_ping)

    async def schema_version(self) -> int:
        """Return the last migration seen; see the Protocol."""
        return migrations.check(await self._reader.run(schema.applied), self._migrations)

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
        return await self._writer.run_with(meanwhile, jobs.start, job, prompt, call, audit)

    async def reserve(self, job: str, call: NewCall, *, meanwhile: Meanwhile | None = None) -> Grant:
        """Hold money for a further call."""
        return await self._writer.run_with(meanwhile, ledger.reserve, job, call)

    async def settle(self, settlement: Settlement) -> None:
        """Replace what a call holds by what it costs."""
        await self._writer.run(ledger.settle, settlement)

    async def append_output(self, job: str, replica: str, call: str, piece: Piece) -> Standing:
        """Keep one piece of output."""
        return await self._writer.run(jobs.append, job, replica, call, piece)

    async def renew_leases(self, replica: str, lease_seconds: float) -> Sequence[str]:
        """Extend the leases of a replica."""
        return await self._writer.run(jobs.renew, replica, lease_seconds)

    async def finish_job(self, finish: Finish) -> bool:
        """End a job."""
        return await self._writer.run(jobs.finish, finish)

    async def request_cancel(self, principal: str, job: str) -> Job:
        """Ask for a stop."""
        return await self._writer.run(jobs.request_cancel, principal, job)

    async def job(self, principal: str, job: str) -> Job:
        """Return one job."""
        return await self._reader.run(jobs.get, principal, job)

    async def jobs(
        self, principal: str, *, status: JobStatus | None, project: str | None, most: int
    ) -> Sequence[Job]:
        """Return jobs, the newest first."""
        return await self._reader.run(jobs.list_, principal, status, project, most)

    async def output(self, principal: str, job: str, after: int) -> Sequence[Piece]:
        """Return pieces of output."""
        return await self._reader.run(jobs.output, principal, job, after)

    async def sweep(self, *, unknown_seconds: float, retention_days: int, audit_event: str) -> Swept:
        """Do what time makes due."""
        swept = await self._writer.run(sweeping.sweep, unknown_seconds, retention_days, audit_event)
        await self._writer.checkpoint()
        return swept

    # Threads

    async def thread(self, principal: str, thread: str) -> Thread:
        """Return one thread."""
        return await self._reader.run(threads.get, principal, thread)

    async def turns(self, principal: str, thread: str, *, after: int, most: int) -> Sequence[Turn]:
        """Return turns of a thread."""
        return await self._reader.run(threads.list_turns, principal, thread, after, most)

    async def threads(
        self, principal: str, *, project: str | None, before: datetime | None, most: int
    ) -> Sequence[Thread]:
        """Return threads, the last touched first."""
        return await self._reader.run(threads.list_, principal, project, before, most)

    async def search_turns(
        self, principal: str, words: Sequence[str], *, project: str | None, most: int
    ) -> Sequence[Hit]:
        """Return the newest turns with all of the words."""
        return await self._reader.run(turns.search, principal, words, project, most)

    async def fork_thread(self, principal: str, thread: str, new: str, *, through: int) -> Thread:
        """Copy a thread's beginning."""
        return await self._writer.run(threads.fork, principal, thread, new, through)

    async def delete_thread(self, principal: str, thread: str) -> None:
        """Remove a thread with all its content."""
        await self._writer.run(threads.delete, principal, thread)

    async def keep_summary(self, principal: str, thread: str, summary: str, *, through: int) -> None:
        """Keep a summary."""
        await self._writer.run(threads.keep_summary, principal, thread, summary, through)

    # Files, money, audit

    async def put_file(self, file: File) -> File:
        """Keep a file."""
        return await self._writer.run(files.put, file)

    async def file(self, principal: str, file: str) -> File:
        """Return a file with its content."""
        return await self._reader.run(files.get, principal, file)

    async def held(self, scopes: Sequence[str], day: str) -> dict[str, int]:
        """Return what is spent and held."""
        return await self._reader.run(ledger.held, scopes, day)

    async def spending(self, principal: str | None, *, since: str) -> Sequence[Spending]:
        """Return what was spent."""
        return await self._reader.run(ledger.spending, principal, since)

    async def statement(self, principal: str, scopes: Sequence[str], day: str) -> Statement:
        """Return what a principal is told of its account."""
        return await self._reader.run(ledger.statement, principal, scopes, day)

    async def record(self, principal: str, event: AuditEvent) -> None:
        """Add one link to a chain."""
        await self._writer.run(audit.record, principal, event)

    async def audit_entries(self, principal: str, *, after: int, most: int) -> Sequence[AuditEntry]:
        """Return links of a chain."""
        return await self._reader.run(audit.entries, principal, after, most)

    async def audit_heads(self) -> dict[str, tuple[int, str]]:
        """Return the newest links."""
        return await self._reader.run(audit.heads)


def _ping(connection: Connection) -> None:
    connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
