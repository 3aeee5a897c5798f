"""Vendor calls that no model answers and whose price is known before: searches, and readings of documents."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from app.jobs.run import Run
from app.providers.errors import ProviderError
from app.stores.records import CallState, Settlement

T = TypeVar("T")


async def paid(run: Run, *, vendor: str, service: str, cost: int, work: Callable[[str], Awaitable[T]]) -> T:
    """Hold `cost` nano-USD, have `work` make the call under the id it is given, and settle.

    Raises:
        RefusedError: there is no money for it.
        ProviderError: the vendor did not do it.
    """
    held = await run.account.hold(run.account.flat(vendor, service, cost))
    state, outcome, request_id, owed = CallState.UNKNOWN, "stopped", None, cost
    try:
        result = await work(held.call)
    except ProviderError as error:
        outcome, request_id = error.kind.value, error.request_id
        if error.kind.free or error.attempts == 0:
            state, owed = CallState.RELEASED, 0
        raise
    else:
        state, outcome = CallState.SETTLED, "done"
        return result
    finally:
        run.account.settle(Settlement(held.call, state, cost=owed, request_id=request_id, outcome=outcome))
