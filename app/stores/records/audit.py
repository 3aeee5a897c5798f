"""What happened, link by link."""

import uuid
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field


class AuditEvent(Struct, frozen=True):
    """Something that happened, without content; becomes one link of its principal's chain.

    `facts` holds strings, whole numbers and lists of strings only, so that its canonical JSON is one text.
    `id` is its own: an event of a known id is not recorded again.
    """

    event: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    id: str = field(default_factory=lambda: uuid.uuid4().hex)


class AuditEntry(Struct, frozen=True):
    """One link: `hash` is SHA-256 over `previous`, a newline, `number`, a newline and `text`, in hex.

    `text` is the canonical JSON of event, facts, id and time as it was hashed. Numbers count from 1 by
    principal; `previous` of the first is `app.stores.audit_chain.NONE_BEFORE`.
    """

    principal: str
    number: int
    text: str
    previous: str
    hash: str
