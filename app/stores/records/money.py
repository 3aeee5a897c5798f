"""Vendor calls and the money they hold and cost, in integer nano-USD."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from msgspec import Struct


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


class Limit(Struct, frozen=True):
    """A budget of one day: no reservation may take what is spent and held in `scope` above `nano_usd`.

    `scope` is `client:NAME` or `project:NAME/PROJECT`.
    """

    scope: str
    nano_usd: int


class NewCall(Struct, frozen=True):
    """One vendor call that is about to be made, with the money it wants.

    It is granted `most` nano-USD, or what is left of the tightest limit if that is at least `least`, or it
    is refused. A call that costs nothing wants 0 at `least` and at `most`. `input_cost` is the upper bound
    of what the prompt costs and `output_price` nano-USD per token: of a call whose usage is never read,
    `input_cost` plus `output_price` times the bytes that were streamed is its estimate, at most what was
    granted.
    """

    id: str
    vendor: str
    model: str
    day: str
    least: int
    most: int
    input_cost: int
    output_price: int
    limits: tuple[Limit, ...]


class Grant(Struct, frozen=True):
    """What a reservation got: `granted` nano-USD, and what then is `left` by scope.

    A call that costs nothing is granted 0 without being `refused`.
    """

    granted: int
    left: Mapping[str, int]
    refused: bool = False


class Settlement(Struct, frozen=True):
    """What one vendor call cost in the end; `state` is never RESERVED.

    Of an UNKNOWN one `cost` is the estimate it is booked at later, where whoever made the call has one.
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


class Spending(Struct, frozen=True):
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


class Statement(Struct, frozen=True):
    """What one principal is told of its account.

    `held` is what is spent and held on the day in each scope, in nano-USD; `running` counts its jobs.
    """

    held: dict[str, int]
    spending: Sequence[Spending]
    running: int
