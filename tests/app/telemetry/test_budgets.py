"""Budgets added up, over a real ledger."""

from pathlib import Path

import pytest

from app.budget.limits import Budgets, client_scope, today
from app.settings.server_file import parse
from app.telemetry import budgets


class Ledger:
    def __init__(self, held: dict[str, int]) -> None:
        self._held = held

    async def held(self, scopes: list[str], day: str) -> dict[str, int]:
        assert day == today()
        return {scope: self._held[scope] for scope in scopes if scope in self._held}


SERVER_TOML = f"""
[budget]
default_usd_per_day = 10
[clients.ci]
token_sha256 = "{"0" * 64}"
budget_usd_per_day = 2
[clients.none]
token_sha256 = "{"1" * 64}"
budget_usd_per_day = 0
"""


@pytest.fixture
def limits() -> Budgets:
    return Budgets(parse(SERVER_TOML, Path("server.toml")))


async def test_they_are_added_up_and_the_closest_to_its_end_is_told_without_its_name(limits: Budgets) -> None:
    ledger = Ledger({client_scope("default"): 1_000_000_000, client_scope("ci"): 1_500_000_000})

    found = await budgets.standing(limits, ledger, {"default", "ci", "none"})  # type: ignore[arg-type]  # of a ledger only this is asked

    assert found == budgets.BudgetStanding(limit=12.0, used=2.5, least_left=0.25)


async def test_more_than_everything_is_nothing_left(limits: Budgets) -> None:
    ledger = Ledger({client_scope("ci"): 3_000_000_000})

    found = await budgets.standing(limits, ledger, {"ci"})  # type: ignore[arg-type]  # as above

    assert found.least_left == 0.0
