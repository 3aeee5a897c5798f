"""How the budgets of a day stand, added up over the clients: no metric names a client."""

from collections.abc import Collection

from msgspec import Struct

from app.budget.limits import Budgets, today
from app.providers.records import NANO_USD_PER_USD
from app.stores import Ledger


class BudgetStanding(Struct, frozen=True):
    """In USD; `least_left` is what the client closest to its end has left, from 0 to 1, None if all are 0."""

    limit: float
    used: float
    least_left: float | None


async def standing(budgets: Budgets, ledger: Ledger, clients: Collection[str]) -> BudgetStanding:
    """Ask the ledger once for what all clients have spent and hold today."""
    limits = [budgets.limits(name, "")[0] for name in sorted(clients)]
    held = await ledger.held([limit.scope for limit in limits], today())
    shares = [
        max(0.0, 1 - held.get(limit.scope, 0) / limit.nano_usd) for limit in limits if limit.nano_usd > 0
    ]
    return BudgetStanding(
        sum(limit.nano_usd for limit in limits) / NANO_USD_PER_USD,
        sum(held.values()) / NANO_USD_PER_USD,
        min(shares, default=None),
    )
