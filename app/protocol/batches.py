"""Batches: a JSON array of messages is one message, in revision 2025-03-26 only (JSON-RPC 2.0 section 6)."""

from collections.abc import Callable
from typing import Any

from app.protocol.channel import Channel
from app.protocol.errors import InvalidRequest
from app.protocol.session import Session

MAX_BATCH = 64
"""Messages one batch may hold; as many as a session may have in flight."""


class BatchChannel:
    """Gathers the replies of one batch into one JSON array."""

    def __init__(self, outer: Channel) -> None:
        self._outer = outer
        self._replies: list[bytes] = []
        self._expected: int | None = None
        self._finished = 0

    async def send(self, message: bytes) -> None:
        """Pass on at once what is not a reply."""
        await self._outer.send(message)

    def push(self, message: bytes) -> None:
        """Pass on at once what is not a reply."""
        self._outer.push(message)

    def finish(self, reply: bytes | None, code: int = 0) -> None:  # noqa: ARG002 - an array has no one code
        """Keep one reply; the last one releases the array."""
        self._finished += 1
        if reply is not None:
            self._replies.append(reply)
        self._release()

    def expect(self, replies: int) -> None:
        """Say how many replies there will be, once the whole batch has been dispatched."""
        self._expected = replies
        self._release()

    def _release(self) -> None:
        if self._expected is None or self._finished < self._expected:
            return
        self._outer.finish(b"[" + b",".join(self._replies) + b"]" if self._replies else None)


def dispatch_batch(
    dispatch: Callable[[Session, Channel, Any], bool], session: Session, channel: Channel, messages: list[Any]
) -> bool:
    """Dispatch each message of a batch; returns as `dispatch` does.

    Raises:
        InvalidRequest: the session's revision has no batches, or this one is malformed.
    """
    if session.revision is None or not session.revision.batches:
        raise InvalidRequest("Batches belong to revision 2025-03-26 only; send one message at a time.")
    if not messages or len(messages) > MAX_BATCH:
        raise InvalidRequest(f"A batch holds 1 to {MAX_BATCH} messages.")
    if any(type(message) is list for message in messages):
        raise InvalidRequest("A batch cannot hold a batch.")
    gathered = BatchChannel(channel)
    replies = sum([dispatch(session, gathered, message) for message in messages])
    if replies:
        gathered.expect(replies)
    return replies > 0
