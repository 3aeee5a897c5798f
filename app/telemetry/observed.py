"""An object whose operations are measured or traced, without it or its callers knowing."""

import inspect
import time
from collections.abc import Awaitable, Callable, Collection
from typing import Any, TypeVar, cast

from app.telemetry.tallies import Distribution

Operation = Callable[..., Awaitable[Any]]
Wrap = Callable[[str, Operation], Operation]
"""Given the name of an operation and the operation, returns one that does the same and more."""

T = TypeVar("T")


def observed(thing: T, protocol: type[Any], *wraps: Wrap, leave: Collection[str] = ()) -> T:
    """Return a stand-in whose coroutine methods of `protocol` are wrapped, the last wrap outermost.

    Everything else of it is the thing's own. `leave` names operations that are not wrapped. Without wraps it
    is the thing itself.
    """
    if not wraps:
        return thing
    stand_in = _StandIn(thing)
    for name in dir(protocol):
        if name.startswith("_") or name in leave or not inspect.iscoroutinefunction(getattr(protocol, name)):
            continue
        operation: Operation = getattr(thing, name)
        for wrap in wraps:
            operation = wrap(name, operation)
        setattr(stand_in, name, operation)
    return cast("T", stand_in)


class _StandIn:
    """Has what is set on it, and for the rest what the thing has."""

    def __init__(self, thing: object) -> None:
        self._thing = thing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._thing, name)


def timed(durations: Distribution) -> Wrap:
    """Return a wrap that measures by operation and error; a cancelled one is not an error."""
    clock = time.perf_counter

    def wrap(name: str, operation: Operation) -> Operation:
        async def measured(*arguments: Any, **named: Any) -> Any:
            began, failure = clock(), ""
            try:
                return await operation(*arguments, **named)
            except Exception as error:
                failure = type(error).__name__
                raise
            finally:
                durations.add((name, failure), clock() - began)

        return measured

    return wrap
