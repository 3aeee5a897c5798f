"""What is sealed into a session id, and what of a session changes after its handshake."""

from itertools import islice
from typing import Any

from app.protocol.revisions import HANDSHAKE_REVISIONS
from app.protocol.sealing import Seal
from app.protocol.session import Session

MAX_ID_CHARACTERS = 2048
"""Of an id we issue: proxies and servers take 8 KiB of header and more."""

_PURPOSE = "session"
_MOST_NAMES = 16
_LONGEST_NAME = 64
_DEPTH = 3


def issue(seal: Seal, session: Session, now: float, max_age_seconds: float) -> str:
    """Return the id that carries a session; what the client declared is cut down to what fits."""
    session.client = {
        key: str(value)[:_LONGEST_NAME] for key, value in islice(session.client.items(), _MOST_NAMES)
    }
    session_id = ""
    # Whoever declares a great deal gets by with the names of what it declares, or with nothing.
    for depth in range(_DEPTH, -1, -1):
        session.client_capabilities = _pruned(session.client_capabilities, depth)
        session_id = _close(seal, session, now, max_age_seconds)
        if len(session_id) <= MAX_ID_CHARACTERS:
            break
    return session_id


def read(seal: Seal, session_id: str, principal: str) -> tuple[Session, float]:
    """Make the session an id carries; returns it and when it was issued.

    Raises:
        ValueError: it is forged, has expired, is someone else's, or speaks a revision we do not.
    """
    value = seal.open(session_id, purpose=_PURPOSE, principal=principal)
    name, version, capabilities, client, issued = value
    session = Session(principal)
    session.id = name
    session.revision = HANDSHAKE_REVISIONS.get(version)
    session.client_capabilities, session.client = capabilities, client
    if session.revision is None:
        raise ValueError("the session speaks a revision of another release")
    return session, issued


def state(session: Session) -> dict[str, Any]:
    """Return what of a session may change after its handshake."""
    return {"level": session.log_level, "watched": sorted(session.subscriptions)}


def restore(session: Session, changed: dict[str, Any]) -> None:
    """Take over what `state` returned elsewhere."""
    session.log_level = changed["level"]
    session.subscriptions = set(changed["watched"])


def _close(seal: Seal, session: Session, now: float, max_age_seconds: float) -> str:
    assert session.revision is not None, "a session is opened after its handshake"  # noqa: S101
    value = [session.id, session.revision.version, session.client_capabilities, session.client, round(now)]
    return seal.close(value, purpose=_PURPOSE, principal=session.principal, ttl_seconds=max_age_seconds)


def _pruned(value: dict[str, Any], depth: int) -> dict[str, Any]:
    """Keep of a client's capabilities what a server asks for: names within names, and truths."""
    kept: dict[str, Any] = {}
    for name, inner in islice(value.items(), _MOST_NAMES):
        if len(name) <= _LONGEST_NAME:
            if isinstance(inner, dict):
                kept[name] = _pruned(inner, depth - 1) if depth > 1 else {}
            elif isinstance(inner, bool):
                kept[name] = inner
    return kept
