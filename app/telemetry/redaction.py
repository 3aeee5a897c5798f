"""The one place that keeps secrets out of the logs."""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from app.settings import Secret

MASK = "***"
SHORTEST = 6
"""Characters; a shorter loaded value would blank out ordinary words, and is left to the patterns."""
DEEPEST = 6
"""Levels of nesting that are looked into; what lies deeper is dropped."""
_PLAIN = (bool, int, float, type(None))
_PASSWORD = re.compile(r"[a-z][a-z0-9+.-]*://[^\s:/?#@]*:([^\s/?#]+)@", re.IGNORECASE)
_PATTERNS = (
    # RFC 6750 §2.1, and the Basic scheme beside it.
    (re.compile(r"(?i)\b(bearer|basic)(\s+)[A-Za-z0-9._~+/=-]{4,}"), rf"\1\2{MASK}"),
    # A JWT or what looks like one: base64url of a JSON object, then two more parts (RFC 7519 §3).
    (re.compile(r"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"), MASK),
    # The password of a URL (RFC 3986 §3.2.1), up to the last @ of the authority.
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://[^\s:/?#@]*:)[^\s/?#]+@"), rf"\1{MASK}@"),
    # Keys by the shape their makers gave them.
    (re.compile(r"\b(sk-|sb_secret_)[A-Za-z0-9_-]{8,}"), rf"\1{MASK}"),
)


class Redactor:
    """A structlog processor that masks secrets in every string of an event, however nested.

    It masks the values that were loaded (longest first, so that no part of one survives) and what has the
    shape of a bearer token, a JWT, a vendor's key or a password in a URL. Values of any other type are
    replaced by their redacted text, because a renderer would print them.
    """

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        values = {secret.reveal() for secret in secrets}
        # A driver may name the password of a URL alone, as it was written or as it was decoded.
        passwords = {found[1] for value in values if (found := _PASSWORD.match(value))}
        values |= passwords | {unquote(password) for password in passwords}
        loaded = sorted(
            (re.escape(value) for value in values if len(value) >= SHORTEST), key=len, reverse=True
        )
        self._loaded = re.compile("|".join(loaded)) if loaded else None

    def __call__(self, logger: Any, method: str, event: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - structlog's signature
        """Return the event with every value redacted."""
        return {
            key if key.startswith("_") else self.text(key): self._value(value, 0)
            for key, value in event.items()
        }

    def text(self, value: str) -> str:
        """Mask the secrets in one string."""
        if self._loaded:
            value = self._loaded.sub(MASK, value)
        for pattern, replacement in _PATTERNS:
            value = pattern.sub(replacement, value)
        return value

    def _value(self, value: Any, depth: int) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, _PLAIN):
            return value
        if depth >= DEEPEST:
            return "…"
        if isinstance(value, Mapping):
            return {self.text(str(key)): self._value(item, depth + 1) for key, item in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self._value(item, depth + 1) for item in value]
        return self.text(str(value))
