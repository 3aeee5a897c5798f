"""What ends a script before it has an answer.

JobError            one sentence for whoever called the tool; nothing more is owed for it
├── Refused         nothing was made: no money, no key, no such model or thread
└── Stopped         the job was asked to end: cancelled, out of time, or its replica is leaving
Earlier             not an error: a job with the same idempotency key exists
"""

from app.stores.records import Job


class RefusedError(Exception):
    """The call was not made; one sentence with what, why and what to do."""


class Earlier(Exception):  # noqa: N818 - it carries a result, it is nobody's fault
    """A job was made before with the same idempotency key and the same arguments."""

    def __init__(self, job: Job) -> None:
        super().__init__(job.id)
        self.job = job
