"""What can go wrong with a vendor, in our words.

One class, since what is done about an error depends on its kind, not on who raised it:

    kind          again there?         elsewhere?   what is the matter
    capacity      yes, after a pause   yes          the vendor is overloaded, or we are too many at once
    unreachable   yes, after a pause   yes          the network, or the vendor is down
    broken        yes                  yes          a 200 that failed, or nonsense in place of an answer
    window        not before retry_at  yes          a usage window of the plan is used up
    account       no, breaker opens    yes          no money, or the plan has ended
    key           no, breaker opens    yes          the key is wrong, or there is none
    model         no                   no           unknown, retired, or not in this plan
    context       no                   no           the prompt is longer than the model takes
    content       no                   no           the vendor refuses this content
    request       no                   no           ours: a request the vendor cannot read
    timeout       no                   no           silence, or our deadline; it may still be running
    cut           no                   no           the connection ended before the answer did

Nothing is repeated after the first byte of an answer, whatever the kind. And what may have been charged
(`ProviderError.free` is False) is repeated only by whoever reserves money for it once more, which the
gateway cannot.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # events needs records, which needs the kinds below
    from app.providers.events import Usage


class Kind(StrEnum):
    """What is the matter; the table above says what is done about it."""

    CAPACITY = "capacity"
    UNREACHABLE = "unreachable"
    WINDOW = "window"
    BROKEN = "broken"
    ACCOUNT = "account"
    KEY = "key"
    MODEL = "model"
    CONTEXT = "context"
    CONTENT = "content"
    REQUEST = "request"
    TIMEOUT = "timeout"
    CUT = "cut"

    @property
    def again(self) -> bool:
        """Whether the same call may be tried again at the same vendor, after a pause."""
        return self in (Kind.CAPACITY, Kind.UNREACHABLE, Kind.BROKEN)

    @property
    def elsewhere(self) -> bool:
        """Whether the other vendor may be asked instead."""
        return self.again or self in (Kind.WINDOW, Kind.ACCOUNT, Kind.KEY)

    @property
    def free(self) -> bool:
        """Whether the vendor generated nothing that it could charge, unless the answer had begun."""
        return self not in (Kind.TIMEOUT, Kind.CUT, Kind.BROKEN)


class ProviderError(Exception):
    """A vendor call that gave no whole answer.

    `str()` is one sentence with what, why and what to do; it never holds a key or the prompt.
    `vendor_code` and `request_id` are the vendor's own, for its support. `retry_at` is when a used-up
    window opens again, `retry_after` the seconds it asked us to wait, `limit` the context length in tokens,
    `usage` what it counted, where the vendor said so. `owed` is nano-USD that it charges all the same, for
    steps before the one that failed. `attempts` is how often the vendor was asked; 0 when it was not at all.
    """

    def __init__(
        self,
        kind: Kind,
        sentence: str,
        *,
        vendor: str,
        status: int | None = None,
        vendor_code: str | None = None,
        request_id: str | None = None,
        retry_at: datetime | None = None,
        retry_after: float | None = None,
        limit: int | None = None,
        usage: Usage | None = None,
        attempts: int = 1,
    ) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.vendor = vendor
        self.status = status
        self.vendor_code = vendor_code
        self.request_id = request_id
        self.retry_at = retry_at
        self.retry_after = retry_after
        self.limit = limit
        self.begun = False
        """Whether something of an answer had been heard; then nothing is repeated, and something is owed."""
        self.usage = usage
        self.attempts = attempts
        self.owed = 0

    @property
    def free(self) -> bool:
        """Whether the vendor certainly charges nothing for this call."""
        return self.kind.free and not self.begun and not self.owed
