"""What the stores keep, as records; every implementation takes and returns these and nothing else.

Money is integer nano-USD, times are aware UTC, days are UTC dates as `YYYY-MM-DD`. A principal is the name
of a client and owns everything that carries it: what belongs to another principal is not found.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

Role = Literal["user", "assistant"]


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


class CallState(StrEnum):
    """What is known of the money of one vendor call."""

    RESERVED = "reserved"
    """Its worst case is held; the call may be running."""
    SETTLED = "settled"
    """The vendor's own usage was read; `cost` is what it charges."""
    RELEASED = "released"
    """Nothing was generated, so nothing is owed."""
    UNKNOWN = "unknown"
    """Something may have been generated and nobody read the usage; the worst case stays held."""
    ESTIMATED = "estimated"
    """It was unknown for too long and is booked at its estimate."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One side of an exchange in a thread.

    `number` counts the exchanges of a thread from 1: a prompt and its answer have the same number, so that
    calls which run at once on one thread never mix. `reasoning` is what some models must be given back.
    `files` are ids of files. `partial` marks an answer that was cut off.
    """

    number: int
    role: Role
    text: str
    created: datetime
    reasoning: str | None = None
    model: str | None = None
    tool: str | None = None
    job: str | None = None
    files: tuple[str, ...] = ()
    partial: bool = False
    input_tokens: int = 0
    output_tokens: int = 0
    cost: int = 0


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation; `exchanges` counts them, deleted with everything in it.

    `summary` stands for the exchanges up to and including `summary_through` when the whole no longer fits.
    `forked_from` is the id of the thread it was copied from.
    """

    id: str
    principal: str
    project: str
    title: str
    created: datetime
    updated: datetime
    exchanges: int
    forked_from: str | None = None
    summary: str | None = None
    summary_through: int = 0


@dataclass(frozen=True, slots=True)
class Hit:
    """One turn that a search found, with the thread it is in."""

    thread: str
    title: str
    project: str
    turn: Turn


@dataclass(frozen=True, slots=True)
class File:
    """A file kept once per principal by its content: `id` is the SHA-256 of `content` in hex.

    `content` is None where only the facts were asked for. `expires` is None once a thread refers to it;
    from then on it lives as long as any such thread.
    """

    id: str
    principal: str
    name: str
    media_type: str
    size: int
    created: datetime
    expires: datetime | None
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """A budget of one day: no reservation may take what is spent and held in `scope` above `nano_usd`.

    `scope` is `client:NAME` or `project:NAME/PROJECT`.
    """

    scope: str
    nano_usd: int


@dataclass(frozen=True, slots=True)
class NewCall:
    """One vendor call that is about to be made, with the money it wants.

    It is granted `most` nano-USD, or what is left of the tightest limit if that is at least `least`, or
    nothing. A call of which nothing is heard any more is booked at what it was granted.
    """

    id: str
    vendor: str
    model: str
    day: str
    least: int
    most: int
    limits: tuple[Limit, ...]


@dataclass(frozen=True, slots=True)
class Grant:
    """What a reservation got: `granted` nano-USD, 0 for a refusal; `left` is what then remains by scope."""

    granted: int
    left: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Settlement:
    """What one vendor call cost in the end; `state` is never RESERVED.

    Of an UNKNOWN one `cost` is the estimate it is booked at later; what it holds stays held until then.
    """

    call: str
    state: CallState
    cost: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    request_id: str | None = None
    """The vendor's own id of the request."""
    outcome: str = ""
    """The finish reason, or the kind of the error."""


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """Something that happened, without content; becomes one link of its principal's chain.

    `facts` holds strings, whole numbers and lists of strings only, so that its canonical JSON is one text.
    """

    event: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One link: `hash` is SHA-256 over `previous`, a newline, `number`, a newline and `text`, in hex.

    `text` is the canonical JSON of event, time and facts as it was hashed. Numbers count from 1 by principal.
    """

    principal: str
    number: int
    text: str
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class NewJob:
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


@dataclass(frozen=True, slots=True)
class Job:
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


@dataclass(frozen=True, slots=True)
class Started:
    """What became of a wish to start a job.

    `fresh`: it was made, with `grant` for its first call. A refused grant (0) makes nothing: no job, no
    turn. Otherwise `job` is an earlier one with the same idempotency key; whether its `digest` is the same
    is for the caller to see.
    """

    fresh: bool
    job: Job | None
    grant: Grant | None


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of streamed output; `number` counts the pieces of a job from 1."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How a running job stands with the store: whether it is still ours, and whether to stop."""

    ours: bool
    cancel_requested: bool


@dataclass(frozen=True, slots=True)
class Finish:
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


@dataclass(frozen=True, slots=True)
class Spending:
    """What one principal spent on one day with one model in one project."""

    day: str
    principal: str
    project: str
    vendor: str
    model: str
    calls: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    cost: int


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep did: jobs whose lease had ended, and how many calls were booked at their estimate."""

    interrupted: tuple[Job, ...]
    estimated: int
    removed_threads: int = 0
    removed_jobs: int = 0
    removed_files: int = 0
