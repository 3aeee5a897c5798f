"""What the stores keep, as records; every implementation takes and returns these and nothing else.

Money is integer nano-USD, times are aware UTC, days are UTC dates as `YYYY-MM-DD`. A principal is the name
of a client and owns everything that carries it: what belongs to another principal is not found.
"""

from app.stores.records.audit import AuditEntry, AuditEvent
from app.stores.records.jobs import Finish, Job, JobStatus, NewJob, Piece, Standing, Started, Swept
from app.stores.records.money import CallState, Grant, Limit, NewCall, Settlement, Spending, Statement
from app.stores.records.threads import File, Hit, Role, Thread, Turn

__all__ = [
    "AuditEntry",
    "AuditEvent",
    "CallState",
    "File",
    "Finish",
    "Grant",
    "Hit",
    "Job",
    "JobStatus",
    "Limit",
    "NewCall",
    "NewJob",
    "Piece",
    "Role",
    "Settlement",
    "Spending",
    "Standing",
    "Started",
    "Statement",
    "Swept",
    "Thread",
    "Turn",
]
