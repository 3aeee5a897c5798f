"""What is read of a client's messages before the server sees them, and answered in its stead."""

from typing import Any

from app.protocol import envelopes
from app.protocol.envelopes import RequestId
from app.protocol.errors import InvalidRequest, ProtocolError

LOST = -31010
"""The bridge's connection broke after the request was sent: it may have run.

Look with `jobs` before asking again."""

UNREACHABLE = -31011
"""The bridge could not send the request: it did not run, send it again."""

LINE_MARGIN = 4
"""A line up to this many times the largest message is still read, so that its refusal can carry its id."""

LASTING = frozenset({"subscriptions/listen"})
"""Requests whose answer comes when their stream ends; at the end of stdin nobody waits for it."""


def method_of(message: Any) -> str | None:
    """Return the method of a request or notification; None of anything else."""
    method = message.get("method") if type(message) is dict else None
    return method if type(method) is str else None


def ids_of(message: Any) -> list[RequestId]:
    """Return the ids of the requests in a message or in a batch of them."""
    parts = message if type(message) is list else [message]
    return [found for part in parts if method_of(part) and (found := envelopes.id_of(part)) is not None]


def lasts(message: Any) -> bool:
    """Tell whether a request is one of `LASTING`."""
    return method_of(message) in LASTING


def cancelled_by(message: Any) -> RequestId | None:
    """Return the id of the request that a message cancels; None of anything else."""
    if method_of(message) != "notifications/cancelled":
        return None
    params = message.get("params")
    return envelopes.id_of({"id": params.get("requestId")}) if type(params) is dict else None


def lost(request_id: RequestId, how: str) -> bytes:
    """Answer a request that was sent over a connection which is gone."""
    error = ProtocolError(
        f"The connection to the server ended ({how}) after this was sent, so it may have run: "
        "look before you repeat it.",
        {"executed": "unknown"},
    )
    error.code = LOST
    return envelopes.failure(request_id, error)


def unsent(request_id: RequestId, why: str) -> bytes:
    """Answer a request that was never sent."""
    error = ProtocolError(f"Not executed: {why.rstrip('.')}. Try again later.", {"executed": "no"})
    error.code = UNREACHABLE
    return envelopes.failure(request_id, error)


def too_large(max_bytes: int) -> ProtocolError:
    """Build the answer to a message above the limit."""
    return InvalidRequest(
        f"This message is larger than the {max_bytes} bytes that are taken (MAX_MESSAGE_BYTES); "
        "nothing was executed."
    )
