"""Who is told of the decisive moments of jobs; for logs and metrics."""

from typing import Protocol

from app.jobs.orders import Order
from app.providers.records import Model
from app.stores.records import JobStatus, NewCall, Settlement


class Observer(Protocol):
    """Told within the turn of the event loop in which it happened; never waits and never raises."""

    def settled(self, job: str, order: Order, call: NewCall, settlement: Settlement, seconds: float) -> None:
        """A vendor call has come to its end, `seconds` after its money was held."""

    def failed_over(self, failed: Model, reason: str) -> None:
        """Another model takes over from one that failed; `reason` is the kind of its error."""

    def ended(self, order: Order, status: JobStatus, *, started: bool) -> None:
        """A job is over; one that never `started` made no vendor call and is kept nowhere."""


class Unobserved:
    """Tells nobody."""

    def settled(self, job: str, order: Order, call: NewCall, settlement: Settlement, seconds: float) -> None:
        """Do nothing."""

    def failed_over(self, failed: Model, reason: str) -> None:
        """Do nothing."""

    def ended(self, order: Order, status: JobStatus, *, started: bool) -> None:
        """Do nothing."""


UNOBSERVED: Observer = Unobserved()
