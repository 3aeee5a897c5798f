"""The store as small Protocols, one a concern, and their sum.

Each method is one unit of work: it happens whole and durably, or not at all, in one round trip where the
database is remote, and within a deadline of its own. Every method may raise StoreUnavailableError; what is
written then may or may not have happened, and each writing method can be repeated: the ids its caller made
see to it that nothing happens twice.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from app.stores.database import Schema
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

Meanwhile = Callable[[], None]


class JobStore(Protocol):
    """Jobs, the vendor calls they make and the money those hold.

    `meanwhile` is called on the event loop when nothing but disk or network is still waited for, which is
    when other work costs no time; it may be called never, and not later than the method returns.
    """

    async def start_job(
        self,
        job: NewJob,
        *,
        prompt: Turn | None,
        call: NewCall | None,
        audit: AuditEvent,
        meanwhile: Meanwhile | None = None,
    ) -> Started:
        """Make a job, its exchange's prompt and the reservation of its first call, all or nothing.

        The prompt's number and time are the store's; the files it names stop expiring. With `no_store`
        there is no prompt.

        Raises:
            NotFoundError: the thread, or a file of the prompt, is not this principal's.
        """

    async def reserve(self, job: str, call: NewCall, *, meanwhile: Meanwhile | None = None) -> Grant:
        """Hold money for a further call of a running job.

        Raises:
            NotFoundError: no such job is running.
        """

    async def settle(self, settlement: Settlement) -> None:
        """Replace what a call holds by what it costs; of a call that is settled already nothing changes.

        An unknown call may still be settled, until it is booked at its estimate.

        Raises:
            NotFoundError: there is no such call.
        """

    async def append_output(self, job: str, replica: str, call: str, piece: Piece) -> Standing:
        """Keep one piece of what a vendor streamed; a piece of a known number is not kept again.

        When the job is not running on this replica any more nothing is kept, and `ours` is False.
        """

    async def renew_leases(self, replica: str, lease_seconds: float) -> Sequence[str]:
        """Extend the lease of every job that runs on a replica; return those that are asked to stop."""

    async def finish_job(self, finish: Finish) -> bool:
        """End a job with everything that belongs to its end, all or nothing; see `Finish`.

        The same end told again is True again, and changes nothing.

        Raises:
            NotFoundError: one of its calls is not there.
        """

    async def request_cancel(self, principal: str, job: str) -> Job:
        """Ask whichever replica runs a job to stop it; a job that is over stays as it is.

        Raises:
            NotFoundError: there is no such job of this principal.
        """

    async def job(self, principal: str, job: str) -> Job:
        """Return one job.

        Raises:
            NotFoundError: there is no such job of this principal.
        """

    async def jobs(
        self, principal: str, *, status: JobStatus | None, project: str | None, most: int
    ) -> Sequence[Job]:
        """Return a principal's jobs, the newest first, without results."""

    async def output(self, principal: str, job: str, after: int) -> Sequence[Piece]:
        """Return the pieces after a number, in order; at most 1,000.

        Raises:
            NotFoundError: there is no such job of this principal.
        """

    async def sweep(self, *, unknown_seconds: float, retention_days: int, audit_event: str) -> Swept:
        """Do what time makes due; replicas may call it at once, and each thing is done once.

        Jobs whose lease has ended become `interrupted`, with what was streamed as their exchange's partial
        answer, and get an audit event named `audit_event`; their open calls become unknown. Calls unknown
        for `unknown_seconds` are booked at their estimate. Threads and finished jobs untouched for
        `retention_days`, expired files and old idempotency keys are removed.
        """


class ThreadStore(Protocol):
    """Threads and their turns; a job adds them, this reads, copies and removes them."""

    async def thread(self, principal: str, thread: str) -> Thread:
        """Return one thread.

        Raises:
            NotFoundError: there is no such thread of this principal.
        """

    async def turns(self, principal: str, thread: str, *, after: int, most: int) -> Sequence[Turn]:
        """Return the turns whose number is above `after`, by number, the prompt before its answer.

        Raises:
            NotFoundError: there is no such thread of this principal.
        """

    async def threads(
        self, principal: str, *, project: str | None, before: datetime | None, most: int
    ) -> Sequence[Thread]:
        """Return a principal's threads, the last touched first, `before` a moment."""

    async def search_turns(
        self, principal: str, words: Sequence[str], *, project: str | None, most: int
    ) -> Sequence[Hit]:
        """Return the newest turns that hold all of the words, as `app.threads.words` splits them."""

    async def fork_thread(self, principal: str, thread: str, new: str, *, through: int) -> Thread:
        """Copy a thread's exchanges up to and including a number into a new one.

        Raises:
            NotFoundError: there is no such thread of this principal.
        """

    async def delete_thread(self, principal: str, thread: str) -> None:
        """Remove a thread, its turns, its jobs' content, and the files that no other thread refers to.

        Its jobs stay, without content and without the thread; one that still runs keeps nothing from now on.

        Raises:
            NotFoundError: there is no such thread of this principal.
        """

    async def keep_summary(self, principal: str, thread: str, summary: str, *, through: int) -> None:
        """Keep what stands for the exchanges up to a number; an older one does not replace a newer.

        Raises:
            NotFoundError: there is no such thread of this principal.
        """


class FileStore(Protocol):
    """Files by their content."""

    async def put_file(self, file: File) -> File:
        """Keep a file with its content and return its facts.

        Of one that is there already only the expiry is extended.
        """

    async def file(self, principal: str, file: str) -> File:
        """Return a file with its content.

        Raises:
            NotFoundError: there is no such file of this principal, or it has expired.
        """


class Ledger(Protocol):
    """What was spent."""

    async def held(self, scopes: Sequence[str], day: str) -> dict[str, int]:
        """Return what is spent and held on a day in each scope, in nano-USD."""

    async def spending(self, principal: str | None, *, since: str) -> Sequence[Spending]:
        """Return what was spent from a day on, of one principal or of all."""

    async def statement(self, principal: str, scopes: Sequence[str], day: str) -> Statement:
        """Return what `held` and `spending` say of a principal from a day on, and how many of its jobs run.

        At once: whoever asks for all of it waits once. A store may stop counting jobs at 1,000.
        """


class AuditLog(Protocol):
    """The chains of what happened; nothing here is ever changed or removed."""

    async def record(self, principal: str, event: AuditEvent) -> None:
        """Add one link to a principal's chain."""

    async def audit_entries(self, principal: str, *, after: int, most: int) -> Sequence[AuditEntry]:
        """Return links of a chain in order."""

    async def audit_heads(self) -> dict[str, tuple[int, str]]:
        """Return the newest link by principal, kept apart from the links; NO_HEAD where that is gone."""


class Store(Schema, JobStore, ThreadStore, FileStore, Ledger, AuditLog, Protocol):
    """Everything the server asks of a database."""
