"""The cookie that stands for a login: short-lived, sealed, opened by every replica.

It carries no token. What it says of one is enough to end it when the client's token is replaced.
"""

import hmac
import secrets
import time
from collections.abc import Callable

from msgspec import Struct

from app.protocol.sealing import Seal

COOKIE = "exai_status"
IDLE_SECONDS = 3600.0
"""How long a page nobody looks at stays signed in; one that is looked at gets a new cookie in time."""

LONGEST_SECONDS = 12 * 3600.0
"""How long one login lasts however much it is used: a working day."""

KEY_BYTES = 18
_PURPOSE = "status-page"

Mark = Callable[[str], str | None]
"""Returns what tells a client's present token from another one; None when there is no such client."""


class Ticket(Struct, frozen=True):
    """A login: whose, and from and until when (seconds since 1970).

    `form_key` must come with everything that is changed; `mark` tells which token it was given for.
    """

    principal: str
    mark: str
    form_key: str
    since: int
    ends: int

    def opens(self, form_key: str | None) -> bool:
        """Tell whether a request that changes something comes from our own page."""
        return form_key is not None and hmac.compare_digest(self.form_key.encode(), form_key.encode())


class Tickets:
    """Issues, reads and renews them."""

    def __init__(self, seal: Seal, mark: Mark, clock: Callable[[], float] = time.time) -> None:
        self._seal = seal
        self._mark = mark
        self._clock = clock

    def issue(self, principal: str) -> str:
        """Return the cookie of a client that has just shown its token."""
        now = int(self._clock())
        return self._close(
            Ticket(principal, self._mark(principal) or "", secrets.token_urlsafe(KEY_BYTES), now, now)
        )

    def read(self, cookie: str | None) -> Ticket | None:
        """Return the login a cookie stands for; None when it is forged, over, or its token is no more."""
        principal, _, sealed = (cookie or "").rpartition(".")
        if not principal:
            return None
        try:
            mark, form_key, since, ends = self._seal.open(sealed, purpose=_PURPOSE, principal=principal)
        except ValueError:
            return None
        ticket = Ticket(principal, mark, form_key, since, ends)
        return ticket if self.holds(ticket) else None

    def holds(self, ticket: Ticket) -> bool:
        """Tell whether a login is still good."""
        return ticket.ends > self._clock() and self._mark(ticket.principal) == ticket.mark

    def renew(self, ticket: Ticket) -> str | None:
        """Return a cookie for longer once half of the time is over; None if there is no need, or no more."""
        now = self._clock()
        if ticket.ends - now > IDLE_SECONDS / 2 or ticket.ends >= ticket.since + LONGEST_SECONDS:
            return None
        return self._close(ticket)

    def _close(self, ticket: Ticket) -> str:
        now = self._clock()
        ends = int(min(now + IDLE_SECONDS, ticket.since + LONGEST_SECONDS))
        value = [ticket.mark, ticket.form_key, ticket.since, ends]
        sealed = self._seal.close(
            value, purpose=_PURPOSE, principal=ticket.principal, ttl_seconds=max(0.0, ends - now)
        )
        return f"{ticket.principal}.{sealed}"
