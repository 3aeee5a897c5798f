"""State that travels through a client and comes back unchanged, unread, or not at all.

A sealed value is JSON under authenticated encryption (ChaCha20-Poly1305, RFC 8439). Each one has a
key of its own, derived from the state key and 16 random bytes, so any number of replicas may seal
for years without a nonce ever repeating. A seal opens only for the purpose, the principal and the
context it was made for, and not after its end. It does not prevent that a value is used twice.

Layout before base64url: version (1 byte), salt (16), ciphertext, tag (16).
"""

import base64
import binascii
import hashlib
import secrets
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

KEY_BYTES = 32
MAX_SEALED_CHARACTERS = 64 * 1024
"""Longer values are refused unread."""

_VERSION = b"\x01"
_SALT_BYTES = 16
_NONCE_BYTES = 12
_TAG_BYTES = 16
_HEADER_BYTES = len(_VERSION) + _SALT_BYTES
_NOT_SEALED = "not a sealed value"


class Seal:
    """Seals with the first key and opens with any, so that keys can be rotated.

    Keys are secrets of any length; without one, a random key lasts as long as this object.
    """

    def __init__(self, keys: Sequence[bytes] = (), clock: Callable[[], float] = time.time) -> None:
        given = keys or (secrets.token_bytes(KEY_BYTES),)
        self._keys = tuple(hashlib.blake2b(key, person=b"exai-state-key").digest() for key in given)
        self._clock = clock

    def close(
        self, value: Any, *, purpose: str, principal: str, context: str = "", ttl_seconds: float
    ) -> str:
        """Seal a JSON value into url-safe text; `context` must be the same when it is opened."""
        salt = secrets.token_bytes(_SALT_BYTES)
        cipher, nonce = _cipher(self._keys[0], salt, purpose)
        payload = orjson.dumps([round(self._clock() + ttl_seconds), value])
        sealed = cipher.encrypt(nonce, payload, _bound(purpose, principal, context))
        return base64.urlsafe_b64encode(_VERSION + salt + sealed).decode().rstrip("=")

    def open(self, sealed: str, *, purpose: str, principal: str, context: str = "") -> Any:
        """Return the value sealed under the same purpose, principal and context.

        Raises:
            ValueError: it is forged, has expired, or was sealed for something else.
        """
        from cryptography.exceptions import InvalidTag

        raw = _decode(sealed)
        if len(raw) < _HEADER_BYTES + _TAG_BYTES or raw[:1] != _VERSION:
            raise ValueError(_NOT_SEALED)
        salt, body, bound = raw[1:_HEADER_BYTES], raw[_HEADER_BYTES:], _bound(purpose, principal, context)
        for key in self._keys:
            cipher, nonce = _cipher(key, salt, purpose)
            try:
                expires, value = orjson.loads(cipher.decrypt(nonce, body, bound))
            except InvalidTag:
                continue
            if expires < self._clock():
                raise ValueError("the sealed value has expired")
            return value
        raise ValueError("the seal does not fit")


def _cipher(key: bytes, salt: bytes, purpose: str) -> "tuple[ChaCha20Poly1305, bytes]":
    # Imported here and above: a server that has sealed nothing yet starts without loading OpenSSL.
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    size = KEY_BYTES + _NONCE_BYTES
    derived = hashlib.blake2b(
        salt + purpose.encode(), key=key, digest_size=size, person=b"exai-seal"
    ).digest()
    return ChaCha20Poly1305(derived[:KEY_BYTES]), derived[KEY_BYTES:]


def _bound(*parts: str) -> bytes:
    # Each part carries its length, so that no two ways of cutting the same text agree.
    encoded = [part.encode() for part in parts]
    return _VERSION + b"".join(len(part).to_bytes(8, "big") + part for part in encoded)


def _decode(sealed: str) -> bytes:
    if len(sealed) > MAX_SEALED_CHARACTERS or not sealed.isascii():
        raise ValueError(_NOT_SEALED)
    try:
        raw = base64.b64decode(sealed + "=" * (-len(sealed) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError(_NOT_SEALED) from None
    # Base64 has several spellings of the same bytes; only ours is one of ours.
    if base64.urlsafe_b64encode(raw).decode().rstrip("=") != sealed:
        raise ValueError(_NOT_SEALED)
    return raw
