"""The revisions of MCP this server speaks, and what differs between them, as data.

Source: the changelogs of the specification, one a revision. Code asks a field of `Revision`, never
compares dates.
"""

from dataclasses import dataclass
from typing import Literal

Era = Literal["handshake", "stateless"]


@dataclass(frozen=True, slots=True)
class Revision:
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


HANDSHAKE_REVISIONS: dict[str, Revision] = {
    revision.version: revision
    for revision in (
        Revision("2024-11-05", annotations=False, structured=False),
        Revision("2025-03-26", batches=True, structured=False),
        Revision("2025-06-18"),
        Revision("2025-11-25"),
    )
}
"""What `initialize` can agree on, oldest first."""

LATEST_HANDSHAKE = HANDSHAKE_REVISIONS["2025-11-25"]
"""The answer to an `initialize` that asks for a revision we do not know."""

ASSUMED_OVER_HTTP = HANDSHAKE_REVISIONS["2025-03-26"]
"""What a request without `MCP-Protocol-Version` means (specification 2025-06-18, transports)."""


def agree(requested: str) -> Revision:
    """Choose the revision for a handshake: the requested one if known, else our latest."""
    return HANDSHAKE_REVISIONS.get(requested, LATEST_HANDSHAKE)
