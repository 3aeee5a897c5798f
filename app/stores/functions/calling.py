"""How a function is called: what its arguments look like, and when a call is made again."""

import abc
import asyncio
import base64
from collections.abc import Mapping
from typing import Any

import orjson
import structlog
from msgspec import Struct, structs

from app.stores.errors import NotFoundError, StoreUnavailableError
from app.stores.protocol import Meanwhile
from app.stores.storable import storable

NOT_FOUND = "EX404"
"""The SQLSTATE of a function's error that something is not there; message and detail are thing and id."""
WAITS = (0.05, 0.5)
"""Seconds before the second and the third attempt, which is the last."""

log = structlog.get_logger(__name__)


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
        """Call a function, again if need be; of one that `removes`, a later attempt may find it done."""
        attempt = 0
        while True:
            try:
                return await self._call(function, args)
            except TryAgainError as error:
                if attempt == len(WAITS):
                    raise
                log.warning("asking the store again", function=function, reason=str(error))
            except NotFoundError:
                if removes and attempt:
                    return None
                raise
            await asyncio.sleep(WAITS[attempt])
            attempt += 1


def soon(meanwhile: Meanwhile | None) -> None:
    """Have it called in the next turn of the event loop, when the call has been sent."""
    if meanwhile is not None:
        asyncio.get_running_loop().call_soon(meanwhile)


def encode(args: Mapping[str, Any]) -> bytes:
    """Return arguments as JSON: records become objects, times ISO 8601, bytes base64."""
    return orjson.dumps(storable(args), default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, Struct):
        return structs.asdict(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} is nothing that a function takes")
