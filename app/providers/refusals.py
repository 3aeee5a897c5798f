"""From what a vendor answers in place of an answer to one typed error.

Vendors put a code or a type into `{"error": {…}}`; GLM's OpenAPI also allows it bare. The table of codes is
data of the vendor; a status alone decides where no code is known.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any

import orjson
from msgspec import Struct

from app.providers import sentences
from app.providers.errors import Kind, ProviderError
from app.providers.records import Model, Vendor

STATUSES = {
    400: Kind.REQUEST,
    401: Kind.KEY,
    402: Kind.ACCOUNT,
    403: Kind.KEY,
    404: Kind.MODEL,
    408: Kind.TIMEOUT,
    413: Kind.REQUEST,
    422: Kind.REQUEST,
    429: Kind.CAPACITY,
    504: Kind.TIMEOUT,
    524: Kind.TIMEOUT,
}
"""Where the vendor's code says nothing; any other from 500 on is UNREACHABLE, and the rest REQUEST."""

_SECONDS = re.compile(r"(?:try again|retry) (?:after|in) (\d+(?:\.\d+)?) ?s", re.IGNORECASE)
"""Kimi: `…, please try again after 1 seconds`."""
_TIME = re.compile(r"\b(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)")
"""GLM: `Your limit will reset at 2026-08-27 21:31:39`, in English or in Chinese."""
_LIMIT = re.compile(r"(?:token limit|max tokens allowed|max length)\D{0,12}(\d{4,8})", re.IGNORECASE)
"""Kimi: `… exceeded model token limit: 262144 (requested: …)`."""


class Refusal(Struct, frozen=True):
    """What came in place of an answer; `known` lists the vendor's models for a sentence."""

    vendor: Vendor
    url: str
    model: Model | None
    known: str
    status: int
    headers: Mapping[str, str]
    content: bytes
    mask: Callable[[str], str]
    """Takes the key out of the vendor's words."""

    def error(self) -> ProviderError:
        """Classify it."""
        found = _envelope(self.content)
        if found is None and self.status != 429 and self.status < 500 and self.status not in (401, 402, 403):
            reason = f"HTTP {self.status} without an error of the vendor's form"
            return self._made(Kind.REQUEST, sentences.not_the_api(self.vendor, reason, self.url), None, "")
        code, words = _code(found or {}, self.vendor), self.mask(_text((found or {}).get("message")))
        kind = self._kind(code, words)
        return self._made(kind, self._sentence(kind, f"{self.status} {code}".strip(), words), code, words)

    def _kind(self, code: str, words: str) -> Kind:
        dialect = self.vendor.dialect
        lowered = words.lower()
        for phrase, kind in dialect.phrases:
            if phrase in lowered:
                return kind
        if code in dialect.errors:
            return dialect.errors[code]
        return STATUSES.get(self.status, Kind.UNREACHABLE if self.status >= 500 else Kind.REQUEST)

    def _sentence(self, kind: Kind, code: str, words: str) -> str:
        vendor = self.vendor
        match kind:
            case Kind.KEY:
                return sentences.wrong_key(vendor, code, self.url)
            case Kind.ACCOUNT:
                return sentences.account(vendor, code, self.url)
            case Kind.WINDOW:
                return sentences.window(vendor, code, reset_time(words, vendor.dialect.reset_hours))
            case Kind.CAPACITY:
                return sentences.capacity(vendor, code)
            case Kind.MODEL:
                return sentences.unknown_model(vendor, self._model_name(), code, self.known)
            case Kind.CONTEXT if self.model is not None:
                return sentences.too_long(self.model, _limit(words) or self.model.context)
            case Kind.CONTENT:
                return sentences.refused_content(vendor, code)
            case Kind.TIMEOUT:
                return sentences.late(vendor, code)
            case Kind.UNREACHABLE:
                return sentences.down(vendor, code)
        return sentences.unreadable(vendor, code, words)

    def _model_name(self) -> str:
        return self.model.id if self.model else "what was asked for"

    def _made(self, kind: Kind, sentence: str, code: str | None, words: str) -> ProviderError:
        hours = self.vendor.dialect.reset_hours
        return ProviderError(
            kind,
            sentence,
            vendor=self.vendor.id,
            status=self.status,
            vendor_code=code or None,
            request_id=request_id(self.headers, self.vendor) or _own_id(self.content),
            retry_at=reset_time(words, hours) if kind is Kind.WINDOW else None,
            retry_after=retry_after(self.headers, words),
            limit=(_limit(words) or (self.model.context if self.model else None))
            if kind is Kind.CONTEXT
            else None,
        )


def request_id(headers: Mapping[str, str], vendor: Vendor) -> str | None:
    """Return the vendor's own id of a request, for its support."""
    return next((headers[name] for name in vendor.dialect.request_id_headers if headers.get(name)), None)


def retry_after(headers: Mapping[str, str], words: str) -> float | None:
    """Return how many seconds the vendor asks us to wait, by header (seconds or a date) or in words."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.replace(".", "", 1).isdigit():
        return float(value)
    if value:
        try:
            at = parsedate_to_datetime(value)
        except ValueError:
            at = None
        if at is not None:
            aware = at if at.tzinfo else at.replace(tzinfo=UTC)
            return max(0.0, (aware - datetime.now(UTC)).total_seconds())
    found = _SECONDS.search(words)
    return float(found[1]) if found else None


def reset_time(words: str, hours: int) -> datetime | None:
    """Return when a usage window opens again, which only the message tells, in the vendor's own zone."""
    found = _TIME.search(words)
    if found is None:
        return None
    try:
        local = datetime.fromisoformat(f"{found[1]}T{found[2]}")
    except ValueError:
        return None
    return local.replace(tzinfo=timezone(timedelta(hours=hours))).astimezone(UTC)


def is_error(chunk: Mapping[str, Any]) -> bool:
    """Tell an error inside a stream, or inside a 200, from a chunk of an answer."""
    return "choices" not in chunk and bool(chunk.get("error") or (chunk.get("code") and "message" in chunk))


def _envelope(content: bytes) -> Mapping[str, Any] | None:
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(found, dict):
        return None
    inner = found.get("error", found)
    if isinstance(inner, str):
        return {"message": inner}
    return inner if isinstance(inner, dict) and inner.keys() & {"code", "type", "message"} else None


def _code(found: Mapping[str, Any], vendor: Vendor) -> str:
    """Return the vendor's code: whichever of `code` and `type` its table knows, else whichever there is."""
    values = [_text(found.get(name)) for name in ("code", "type")]
    known = [value for value in values if value in vendor.dialect.errors]
    return next(iter([*known, *filter(None, values)]), "")


def _own_id(content: bytes) -> str | None:
    """GLM puts it beside the error."""
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    value = found.get("request_id") if isinstance(found, dict) else None
    return value if isinstance(value, str) else None


def _limit(words: str) -> int | None:
    found = _LIMIT.search(words)
    return int(found[1]) if found else None


def _text(value: object) -> str:
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
