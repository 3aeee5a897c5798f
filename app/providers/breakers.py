"""Leaves a vendor or a model alone that cannot answer anyway, on all replicas.

A model rests after several failed calls in a row; a vendor at once when its key is wrong, its account is
empty or its plan's window is used up. When a rest is over one call at a time may try; its outcome decides.

Openings and closings are said on one bounded shared stream, which every replica looks at before a call, at
most once a second. Failures are counted by each replica for itself.
"""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

import orjson
import structlog
from msgspec import Struct

from app.providers import sentences
from app.providers.errors import Kind, ProviderError
from app.providers.records import Model, Vendor

FAILURES = 3
"""Failed calls in a row, each of several attempts, after which a model rests."""
MODEL_REST_SECONDS = 30.0
VENDOR_REST_SECONDS = 60.0
LONGEST_REST_SECONDS = 600.0
"""A rest doubles each time the trial fails, up to this."""
LONGEST_WINDOW_SECONDS = 8 * 86_400.0
"""A used-up window rests until the vendor opens it again, but no message may make that longer than a week."""
UNTOLD_WINDOW_SECONDS = 300.0
"""Where the vendor does not say when it opens."""

STREAM = "breakers"
MOST_ENTRIES = 256
STREAM_SECONDS = LONGEST_WINDOW_SECONDS
HEAR_SECONDS = 1.0

_COUNTED = {Kind.CAPACITY, Kind.UNREACHABLE, Kind.BROKEN, Kind.TIMEOUT, Kind.CUT}
_OF_THE_VENDOR = {Kind.KEY, Kind.ACCOUNT, Kind.WINDOW}
_UNHEARD = {Kind.UNREACHABLE, Kind.TIMEOUT, Kind.CUT}
"""Failures in which the vendor said nothing about key and account."""

log = structlog.get_logger(__name__)


class Entry(Protocol):
    """One entry of a shared stream."""

    @property
    def position(self) -> str:
        """Where it stands."""

    @property
    def data(self) -> bytes:
        """What was appended."""


class Streams(Protocol):
    """The part of the shared state that keeps bounded streams; it ends in its own time and never raises."""

    async def append(self, stream: str, data: bytes, *, most: int, seconds: float) -> str:
        """Add an entry."""

    async def entries(self, stream: str, after: str = ..., *, wait_seconds: float = ...) -> Sequence[Entry]:
        """Return the entries after a position."""


class Rest(Struct):
    """Why something is left alone, until when (seconds since 1970), and for how long this time."""

    until: float
    seconds: float
    kind: Kind
    reason: str
    trying: bool = False


class Breakers:
    """One breaker a model and one a vendor; `accounts` tells keys apart, so that a new key begins afresh."""

    def __init__(
        self, streams: Streams, accounts: dict[str, str], clock: Callable[[], float] = time.time
    ) -> None:
        self._streams = streams
        self._accounts = accounts
        self._clock = clock
        self._rests: dict[str, Rest] = {}
        self._failures: dict[str, int] = {}
        self._position = "0-0"
        self._heard = float("-inf")

    async def admit(self, model: Model) -> list[str]:
        """Let a call through; returns the breakers that it tries, to be given to `settle`.

        Raises:
            ProviderError: a breaker is open; of the kind that opened it, with `retry_at`.
        """
        await self._hear()
        tried: list[str] = []
        for name in (self._vendor(model.vendor), self._model(model)):
            rest = self._rests.get(name)
            if rest is None:
                continue
            if rest.until > self._clock() or rest.trying:
                self.release(tried)
                raise self._resting(model, name, rest)
            rest.trying = True
            tried.append(name)
        return tried

    async def settle(self, model: Model, tried: Sequence[str], error: ProviderError | None) -> None:
        """Take the outcome of a call: open, count, or close."""
        self.release(tried)
        vendor, name = self._vendor(model.vendor), self._model(model)
        if error is not None and error.kind in _OF_THE_VENDOR:
            await self._open(vendor, error)
            return
        if error is not None and error.kind in _COUNTED:
            self._failures[name] = self._failures.get(name, 0) + 1
            if self._failures[name] >= FAILURES or name in tried:
                await self._open(name, error)
        else:
            # Answered, or refused for what was asked: either way the model works.
            self._failures.pop(name, None)
            await self._close(name)
        if error is None or error.kind not in _UNHEARD:
            await self._close(vendor)

    def release(self, tried: Sequence[str]) -> None:
        """Let others try what this call tried."""
        for name in tried:
            if name in self._rests:
                self._rests[name].trying = False

    def rest(self, model: Model) -> Rest | None:
        """Return why a model is left alone now, if it is."""
        for name in (self._vendor(model.vendor), self._model(model)):
            rest = self._rests.get(name)
            if rest is not None and rest.until > self._clock():
                return rest
        return None

    async def _open(self, name: str, error: ProviderError) -> None:
        before = self._rests.get(name)
        now = self._clock()
        if error.kind is Kind.WINDOW:
            until = error.retry_at.timestamp() if error.retry_at else now + UNTOLD_WINDOW_SECONDS
            seconds = min(max(until - now, HEAR_SECONDS), LONGEST_WINDOW_SECONDS)
        else:
            first = VENDOR_REST_SECONDS if error.kind in _OF_THE_VENDOR else MODEL_REST_SECONDS
            seconds = min(before.seconds * 2, LONGEST_REST_SECONDS) if before else first
        rest = self._rests[name] = Rest(now + seconds, seconds, error.kind, str(error))
        log.warning("a vendor is left alone", what=name.partition("#")[0], seconds=seconds, kind=error.kind)
        await self._say(name, rest)

    async def _close(self, name: str) -> None:
        if self._rests.pop(name, None) is not None:
            log.info("a vendor is asked again", what=name.partition("#")[0])
            await self._say(name, None)

    async def _say(self, name: str, rest: Rest | None) -> None:
        said: dict[str, Any] = {"name": name}
        if rest is not None:
            said |= {
                "until": rest.until, "seconds": rest.seconds, "kind": rest.kind.value, "reason": rest.reason,
            }  # fmt: skip
        await self._streams.append(STREAM, orjson.dumps(said), most=MOST_ENTRIES, seconds=STREAM_SECONDS)

    async def _hear(self) -> None:
        if self._clock() - self._heard < HEAR_SECONDS:
            return
        self._heard = self._clock()
        while entries := await self._streams.entries(STREAM, self._position):
            self._position = entries[-1].position
            for entry in entries:
                self._take(orjson.loads(entry.data))

    def _take(self, said: dict[str, Any]) -> None:
        name = said.pop("name")
        own = self._rests.get(name)
        if not said:
            self._rests.pop(name, None)
        elif own is None or own.until < said["until"]:
            self._rests[name] = Rest(**{**said, "kind": Kind(said["kind"])})

    def _resting(self, model: Model, name: str, rest: Rest) -> ProviderError:
        until = datetime.fromtimestamp(max(rest.until, self._clock()), UTC)
        what = model.vendor.title if name == self._vendor(model.vendor) else model.id
        sentence = sentences.resting(what, rest.reason, until)
        return ProviderError(rest.kind, sentence, vendor=model.vendor.id, retry_at=until, attempts=0)

    def _vendor(self, vendor: Vendor) -> str:
        return f"{vendor.id}#{self._accounts.get(vendor.id, '')}"

    def _model(self, model: Model) -> str:
        return f"{model.vendor.id}/{model.id}#{self._accounts.get(model.vendor.id, '')}"
