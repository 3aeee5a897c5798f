"""The audit log as a chain of hashes: how a link is made, and how a broken chain is found.

The links and the head of each chain are kept apart. Whoever can write to the database can forge a chain
whole, heads included: a head that was noted elsewhere (`exai-mcp audit verify` prints them) tells that too.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import orjson

from app.stores.records import AuditEntry, AuditEvent

NONE_BEFORE = "0" * 64
"""What stands for the hash before the first link."""


@dataclass(frozen=True, slots=True)
class Break:
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
    """Follows one chain link by link, in the order in which the store returns them."""

    def __init__(self) -> None:
        self.number = 0
        self.hash = NONE_BEFORE

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
            self.number, self.hash = entry.number, entry.hash
        return None

    def end(self, head: tuple[int, str] | None) -> Break | None:
        """Compare where the links end with the head that was kept apart."""
        number, hash_ = head or (0, NONE_BEFORE)
        if number > self.number:
            return Break(self.number + 1, f"it is missing; the chain was {number} long")
        if (number, hash_) != (self.number, self.hash):
            return Break(self.number, f"it is not the head that was kept apart (number {number})")
        return None
