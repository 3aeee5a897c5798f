"""How a function is called: what its arguments look like, and when a call is made again."""

import abc
import base64
from collections.abc import Mapping
from typing import Any

import orjson
import stamina

from app.stores.errors import NotFoundError, StoreUnavailableError
from app.stores.storable import storable

NOT_FOUND = "EX404"
"""The SQLSTATE of a function's error that something is not there; message and detail are thing and id."""
ATTEMPTS = 3
FIRST_WAIT_SECONDS = 0.05
LONGEST_WAIT_SECONDS = 0.5
"""Between attempts: doubled from the first to the longest, with some chance in it."""


class TryAgainError(StoreUnavailableError):
    """The call may or may not have happened, and the next has a chance: a cut connection, a deadlock.

    Made again it does nothing twice, because every id in it was made by the caller.
    """


class Caller(abc.ABC):
    """Calls functions; how one call travels is for the subclasses."""

    @abc.abstractmethod
    async def _call(self, function: str, args: Mapping[str, Any]) -> Any:
        """Call one function once and return what it returned, within a deadline.

        Raises:
            NotFoundError: the function said so.
            TryAgainError: another attempt has a chance.
            StoreUnavailableError: it has none.
        """

    async def _ask(self, function: str, *, removes: bool = False, **args: Any) -> Any:
        """Call a function, again if need be; of one that `removes`, a second attempt may find it done."""
        async for attempt in stamina.retry_context(
            on=TryAgainError,
            attempts=ATTEMPTS,
            wait_initial=FIRST_WAIT_SECONDS,
            wait_max=LONGEST_WAIT_SECONDS,
            wait_jitter=FIRST_WAIT_SECONDS,
            timeout=None,  # each attempt has its own deadline, and there are few
        ):
            with attempt:
                try:
                    return await self._call(function, args)
                except NotFoundError:
                    if removes and attempt.num > 1:
                        return None
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")


def encode(args: Mapping[str, Any]) -> bytes:
    """Return arguments as JSON: records become objects, times ISO 8601, bytes base64."""
    return orjson.dumps(storable(args), default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} is nothing that a function takes")
