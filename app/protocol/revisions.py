"""The revisions of MCP this server speaks, and what differs between them, as data.

Source: the changelogs of the specification, one a revision. Code asks a field of `Revision`, never
compares dates.
"""

from typing import Any, Literal

from msgspec import Struct

from app.protocol.errors import InvalidParams, UnsupportedProtocolVersion
from app.protocol.metadata import CLIENT_CAPABILITIES, CLIENT_INFO, PROTOCOL_VERSION

Era = Literal["handshake", "stateless"]


class Revision(Struct, frozen=True):
    """One revision and the features a server must know to speak it."""

    version: str
    era: Era = "handshake"
    """`handshake`: initialize opens a session. `stateless`: every request stands alone."""
    batches: bool = False
    """A JSON array of messages is one message (2025-03-26 only)."""
    annotations: bool = True
    """Tools carry behaviour hints; progress carries a message; completions are a capability."""
    structured: bool = True
    """Titles, `outputSchema`, `structuredContent`, resource links, elicitation by form."""
    null_ids: bool = False
    """An error whose request could not be read has the id null; later it has none."""
    primed: bool = False
    """Event streams begin with an empty event that has an id (SEP-1699); older clients choke on one."""
    missing_resource: int = -32002
    """The error code of a resource that is not there."""


HANDSHAKE_REVISIONS: dict[str, Revision] = {
    revision.version: revision
    for revision in (
        Revision("2024-11-05", annotations=False, structured=False, null_ids=True),
        Revision("2025-03-26", batches=True, structured=False, null_ids=True),
        Revision("2025-06-18", null_ids=True),
        Revision("2025-11-25", primed=True),
    )
}
"""What `initialize` can agree on, oldest first."""

STATELESS_REVISIONS: dict[str, Revision] = {
    revision.version: revision
    for revision in (Revision("2026-07-28", era="stateless", missing_resource=-32602),)
}
"""What a request can name in its `_meta`, oldest first."""

LATEST_HANDSHAKE = HANDSHAKE_REVISIONS["2025-11-25"]
"""The answer to an `initialize` that asks for a revision we do not know."""

REVISIONS = (*HANDSHAKE_REVISIONS.values(), *STATELESS_REVISIONS.values())


def agree(requested: str) -> Revision:
    """Choose the revision for a handshake: the requested one if known, else our latest."""
    return HANDSHAKE_REVISIONS.get(requested, LATEST_HANDSHAKE)


def named_in(meta: dict[str, Any]) -> Revision:
    """Return the stateless revision a request names in its `_meta`.

    Raises:
        InvalidParams: a required key is missing or of the wrong type.
        UnsupportedProtocolVersion: the revision is not one of ours.
    """
    version = meta.get(PROTOCOL_VERSION)
    if type(version) is not str or type(meta.get(CLIENT_CAPABILITIES)) is not dict:
        raise InvalidParams(f"'_meta' must hold '{PROTOCOL_VERSION}' and '{CLIENT_CAPABILITIES}'.")
    client = meta.get(CLIENT_INFO)
    if client is not None and not _is_implementation(client):
        raise InvalidParams(f"'{CLIENT_INFO}' must hold a name and a version.")
    revision = STATELESS_REVISIONS.get(version)
    if revision is None:
        raise UnsupportedProtocolVersion(version, list(STATELESS_REVISIONS))
    return revision


def _is_implementation(value: Any) -> bool:
    return type(value) is dict and type(value.get("name")) is str and type(value.get("version")) is str
