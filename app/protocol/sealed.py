"""State that travels through the client and comes back unchanged or not at all.

A sealed value is JSON with an HMAC-SHA256 over it, bound to a purpose, a principal, a context and
an expiry. It proves integrity, it does not hide: nothing the client may not read goes inside
(specification 2026-07-28, basic/patterns/mrtr, server requirements 4 and 5).
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Any

import orjson

KEY_BYTES = 32
MAX_SEALED_CHARACTERS = 64 * 1024
"""Longer values are refused unread."""


class Seal:
    """Seals with the first key and opens with any, so that keys can be rotated."""

    def __init__(self, keys: Sequence[bytes] = (), clock: Callable[[], float] = time.time) -> None:
        self._keys = tuple(keys) or (secrets.token_bytes(KEY_BYTES),)
        self._clock = clock

    def close(self, value: Any, *, purpose: str, principal: str, context: str, ttl_seconds: float) -> str:
        """Seal a JSON value; `context` is whatever must be the same when it is opened."""
        payload = orjson.dumps([round(self._clock() + ttl_seconds), value])
        tag = _tag(self._keys[0], payload, purpose, principal, context)
        return base64.urlsafe_b64encode(tag + payload).decode().rstrip("=")

    def open(self, sealed: str, *, purpose: str, principal: str, context: str) -> Any:
        """Return the value sealed under the same purpose, principal and context.

        Raises:
            ValueError: it is forged, expired, or was sealed for something else.
        """
        if len(sealed) > MAX_SEALED_CHARACTERS or not sealed.isascii():
            raise ValueError("not a sealed value")
        try:
            raw = base64.b64decode(sealed + "=" * (-len(sealed) % 4), altchars=b"-_", validate=True)
        except binascii.Error:
            raise ValueError("not a sealed value") from None
        size = hashlib.sha256().digest_size
        tag, payload = raw[:size], raw[size:]
        if not any(
            hmac.compare_digest(tag, _tag(key, payload, purpose, principal, context)) for key in self._keys
        ):
            raise ValueError("the seal does not fit")
        expires, value = orjson.loads(payload)
        if expires < self._clock():
            raise ValueError("the sealed value has expired")
        return value


def digest(value: Any) -> str:
    """Name a JSON value by its content, whatever the order of its keys."""
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _tag(key: bytes, payload: bytes, *bound: str) -> bytes:
    # Each part is digested first, so that no two ways of cutting the same text agree.
    message = b"".join(hashlib.sha256(part.encode()).digest() for part in bound) + payload
    return hmac.digest(key, message, hashlib.sha256)
