"""Vendor calls that no model answers and whose price is bounded before: searches, readings of documents."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from app.jobs.run import Run
from app.providers.errors import ProviderError
from app.stores.records import CallState, Settlement


class Priced(Protocol):
    """What a vendor did, with what it cost in nano-USD."""

    @property
    def cost(self) -> int:
        """What it cost."""


T = TypeVar("T", bound=Priced)


async def paid(
    run: Run, *, vendor: str, service: str, most_cost: int, work: Callable[[str], Awaitable[T]]
) -> T:
    """Hold `most_cost` nano-USD, have `work` make the call under the id it is given, and settle at its cost.

    Raises:
        RefusedError: there is no money for it.
        ProviderError: the vendor did not do it.
    """
    held = await run.account.hold(run.account.flat(vendor, service, most_cost))
    state, outcome, request_id, owed = CallState.UNKNOWN, "stopped", None, most_cost
    try:
        result = await work(held.call)
    except ProviderError as error:
        outcome, request_id = error.kind.value, error.request_id
        if error.free or error.attempts == 0:
            state, owed = CallState.RELEASED, 0
        elif error.kind.free:  # only what it owes for the steps before the one that failed
            state, owed = CallState.SETTLED, error.owed
        raise
    else:
        state, outcome, owed = CallState.SETTLED, "done", result.cost
        return result
    finally:
        run.account.settle(Settlement(held.call, state, cost=owed, request_id=request_id, outcome=outcome))
