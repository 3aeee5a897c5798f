"""The audit log as a chain of hashes: how a link is made, and how a broken chain is found.

The links and the head of each chain are kept apart. Whoever can write to the database can forge a chain
whole, heads included: a head that was noted elsewhere (`exai-mcp audit verify` prints them) tells that too.
"""

import hashlib
from collections.abc import Iterable

import orjson
from msgspec import Struct

from app.stores.records import AuditEntry, AuditEvent

NONE_BEFORE = "0" * 64
"""What stands for the hash before the first link."""


Head = tuple[int, str]
"""Number and hash of a chain's newest link, which the stores keep apart from the links."""
NO_HEAD: Head = (0, NONE_BEFORE)


class Break(Struct, frozen=True):
    """Where a chain is broken: the number of the first link that is not as it was, and what is wrong."""

    number: int
    reason: str


def canonical(value: object) -> str:
    """Return JSON in its one form here: keys sorted, no spaces, UTF-8 as it is."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def text(event: AuditEvent, time: str) -> str:
    """Return what is hashed of an event; `time` is the store's, ISO 8601."""
    return canonical({"event": event.event, "facts": event.facts, "id": event.id, "time": time})


def link_hash(previous: str, number: int, content: str) -> str:
    """Return the hash of one link."""
    return hashlib.sha256(f"{previous}\n{number}\n{content}".encode()).hexdigest()


class Walk:
    """Follows one chain link by link, in the order in which the store returns them.

    Others may write to the chain meanwhile: `head`, read before the first link, must be on the way, and
    nothing may come after the head that is read after the last.
    """

    def __init__(self, head: Head) -> None:
        self.number = 0
        self.hash = NONE_BEFORE
        self._head = head

    def take(self, entries: Iterable[AuditEntry]) -> Break | None:
        """Go on with more links; return the first break, after which nothing can be said."""
        for entry in entries:
            expected = self.number + 1
            if entry.number != expected:
                return Break(expected, f"it is missing; number {entry.number} comes next")
            if entry.hash != link_hash(entry.previous, entry.number, entry.text):
                return Break(expected, "its content is not what was hashed")
            if entry.previous != self.hash:
                return Break(expected, f"it does not follow from number {self.number}")
            if entry.number == self._head[0] and entry.hash != self._head[1]:
                return Break(expected, "it is not the head that was kept apart")
            self.number, self.hash = entry.number, entry.hash
        return None

    def end(self, head: Head) -> Break | None:
        """Compare where the links end with the head as it is now."""
        if self.number < self._head[0]:
            return Break(self.number + 1, f"it is missing; the chain was {self._head[0]} long")
        if self.number > head[0]:
            return Break(head[0] + 1, "it is behind the head that was kept apart")
        return None
