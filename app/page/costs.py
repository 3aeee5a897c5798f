"""`/status/api/costs`: what was spent, summed up by day, model, project, and for operators by client."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from aiohttp import web

from app.budget.limits import client_scope, today
from app.page.answers import answer, refusal
from app.page.jobs import whole
from app.stores import Ledger
from app.stores.records import Limit, Spending

DAYS = 30
MOST_DAYS = 90
MOST_ROWS = 20
"""Projects and clients listed by name; what the others cost is one further row."""

Limits = Callable[[str, str], Sequence[Limit]]
"""Returns the budgets of a client and one of its projects, the client's own first."""


class CostsApi:
    """Sums up a ledger."""

    def __init__(
        self,
        ledger: Ledger,
        limits: Limits,
        is_operator: Callable[[str], bool],
        clients: Callable[[], Collection[str]],
    ) -> None:
        self._ledger = ledger
        self._limits = limits
        self._is_operator = is_operator
        self._clients = clients

    async def show(self, request: web.Request, principal: str) -> web.Response:
        """Return the sums of the last `days`; `whose=all` is for operators."""
        everybody = request.query.get("whose") == "all"
        if everybody and not self._is_operator(principal):
            return refusal(
                403, "What other clients spend is for operators: `operator = true` in server.toml."
            )
        days = min(MOST_DAYS, max(1, whole(request, "days", DAYS)))
        last = date.fromisoformat(today())
        span = [(last - timedelta(days=back)).isoformat() for back in reversed(range(days))]
        rows = await self._ledger.spending(None if everybody else principal, since=span[0])
        summed = summary(rows, span)
        if everybody:
            summed["clients"] = await self._by_client(rows, span[-1])
        return answer(summed)

    async def _by_client(self, rows: Sequence[Spending], day: str) -> list[dict[str, Any]]:
        """Add to what each client spent what its budget leaves it today."""
        spent = {row["name"]: row for row in ranked(rows, lambda row: row.principal, most=None)}
        nothing = {"cost": 0, "calls": 0, "input_tokens": 0, "output_tokens": 0}
        for name in self._clients():
            spent.setdefault(name, {"name": name, **nothing})
        limits = {name: next(iter(self._limits(name, "")), None) for name in spent}
        held = await self._ledger.held([client_scope(name) for name in spent], day)
        for name, row in spent.items():
            limit = limits[name]
            row["limit"] = None if limit is None else limit.nano_usd
            row["left"] = None if limit is None else max(0, limit.nano_usd - held.get(client_scope(name), 0))
        return sorted(spent.values(), key=lambda row: (-row["cost"], row["name"]))


def summary(rows: Sequence[Spending], span: Sequence[str]) -> dict[str, Any]:
    """Sum up rows of the ledger; money is nano-USD, days are UTC."""
    models = ranked(rows, lambda row: row.model, most=None)
    by_day: dict[str, dict[str, int]] = {day: {} for day in span}
    vendors: dict[str, str] = {}
    for row in rows:
        if row.day in by_day:
            of_day = by_day[row.day]
            of_day[row.model] = of_day.get(row.model, 0) + row.cost
        vendors[row.model] = row.vendor
    for model in models:
        model["vendor"] = vendors[model["name"]]
    return {
        "days": [{"day": day, "models": models_of_day} for day, models_of_day in by_day.items()],
        "models": models,
        "projects": ranked(rows, lambda row: row.project, most=MOST_ROWS),
        "total": sum(row.cost for row in rows),
        "calls": sum(row.calls for row in rows),
    }


def ranked(
    rows: Iterable[Spending], name: Callable[[Spending], str], most: int | None
) -> list[dict[str, Any]]:
    """Sum up by a name, the dearest first; past `most` the rest is one row with how many `others` it is."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for row in rows:
        figures = (row.cost, row.calls, row.input_tokens, row.output_tokens)
        sums[name(row)] = [before + more for before, more in zip(sums[name(row)], figures, strict=True)]
    order = sorted(sums.items(), key=lambda pair: (-pair[1][0], pair[0]))
    listed = order if most is None else order[:most]
    found = [_row(one, figures) for one, figures in listed]
    rest = order[len(listed) :]
    if rest:
        total = [sum(column) for column in zip(*(figures for _, figures in rest), strict=True)]
        found.append(_row("", total) | {"others": len(rest)})
    return found


def _row(name: str, figures: Sequence[int]) -> dict[str, Any]:
    cost, calls, tokens_in, tokens_out = figures
    return {
        "name": name,
        "cost": cost,
        "calls": calls,
        "input_tokens": tokens_in,
        "output_tokens": tokens_out,
    }
