"""Jobs from the wish to run one to its end."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct

from app.stores.records.audit import AuditEvent
from app.stores.records.money import Grant, Settlement
from app.stores.records.threads import Turn


class JobStatus(StrEnum):
    """What has become of a job; only the first can change."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    """The replica that ran it is gone or was stopped; what was streamed is kept, nothing is run again."""

    @property
    def over(self) -> bool:
        """Whether the outcome is there."""
        return self is not JobStatus.RUNNING


class NewJob(Struct, frozen=True):
    """A job that is about to run on `replica`, whose lease ends after `lease_seconds` unless renewed.

    `digest` is SHA-256 over tool and arguments. `title` is one line for lists; empty where nothing of the
    content may be kept (`no_store`), and then neither output nor result is. With an `idempotency_key` the
    principal's earlier job of that key, not older than `key_seconds`, is returned in place of a new one.
    `new_thread` is made together with the job; `thread` alone names one that exists.
    """

    id: str
    principal: str
    tool: str
    project: str
    title: str
    digest: str
    replica: str
    lease_seconds: float
    no_store: bool = False
    thread: str | None = None
    new_thread: bool = False
    idempotency_key: str | None = None
    key_seconds: float = 0.0


class Job(Struct, frozen=True):
    """A job as it stands; `result` is what the tool answered, `fault` one sentence why it did not.

    `result` has the keys `text` and `meta`, and where the tool gives one `structured`. `output` is what was
    streamed so far, kept apart from `result` while the job runs and if it never finishes.
    """

    id: str
    principal: str
    tool: str
    project: str
    title: str
    digest: str
    status: JobStatus
    replica: str
    created: datetime
    updated: datetime
    no_store: bool = False
    thread: str | None = None
    number: int | None = None
    """The exchange in the thread that this job is."""
    cancel_requested: bool = False
    result: Mapping[str, Any] | None = None
    fault: str | None = None
    cost: int = 0
    output_characters: int = 0


class Started(Struct, frozen=True):
    """What became of a wish to start a job.

    `fresh`: it was made, with `grant` for its first call. A refused grant makes nothing: no job, no turn.
    Otherwise `job` is an earlier one with the same idempotency key; whether its `digest` is the same is for
    the caller to see. The same wish with the same job id is told the same again while that job runs.
    """

    fresh: bool
    job: Job | None
    grant: Grant | None


class Piece(Struct, frozen=True):
    """One piece of streamed output; `number` counts the pieces of a job from 1."""

    number: int
    text: str


class Standing(Struct, frozen=True):
    """How a running job stands with the store: whether it is still ours, and whether to stop."""

    ours: bool
    cancel_requested: bool


class Finish(Struct, frozen=True):
    """The end of a job: its status, what is kept of it, and the money of its last calls.

    `answer` becomes the assistant's turn of the job's exchange; its number and time are the store's. A
    finished job's pieces are removed when `result` holds all of them. Nothing happens, and False is
    returned, when the job is not running on `replica` any more.
    """

    job: str
    replica: str
    status: JobStatus
    result: Mapping[str, Any] | None = None
    fault: str | None = None
    answer: Turn | None = None
    settlements: tuple[Settlement, ...] = ()
    audit: AuditEvent | None = None


class Swept(Struct, frozen=True):
    """What one sweep did: jobs whose lease had ended, and how many calls were booked at their estimate."""

    interrupted: tuple[Job, ...]
    estimated: int
    removed_threads: int = 0
    removed_jobs: int = 0
    removed_files: int = 0
