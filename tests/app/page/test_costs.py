"""Sums of the ledger as charts need them."""

from app.page.costs import MOST_ROWS, ranked, summary
from app.stores.records import Spending


def spending(day: str, model: str, cost: int, *, project: str = "p", principal: str = "alice") -> Spending:
    return Spending(day, principal, project, model.partition("-")[0], model, 2, 10, 4, 5, cost)


ROWS = (
    spending("2026-11-27", "kimi-k3", 30),
    spending("2026-11-27", "glm-5.3", 5, project="q"),
    spending("2026-11-28", "kimi-k3", 10),
    spending("2026-11-28", "kimi-k3", 7, principal="bob"),
)


def test_days_without_costs_are_there_too_and_models_come_by_cost() -> None:
    found = summary(ROWS, ["2026-11-26", "2026-11-27", "2026-11-28"])

    assert found["days"] == [
        {"day": "2026-11-26", "models": {}},
        {"day": "2026-11-27", "models": {"kimi-k3": 30, "glm-5.3": 5}},
        {"day": "2026-11-28", "models": {"kimi-k3": 17}},
    ]
    assert [(one["name"], one["vendor"], one["cost"]) for one in found["models"]] == [
        ("kimi-k3", "kimi", 47),
        ("glm-5.3", "glm", 5),
    ]
    assert [(one["name"], one["cost"]) for one in found["projects"]] == [("p", 47), ("q", 5)]
    assert (found["total"], found["calls"]) == (52, 8)


def test_what_is_past_the_list_is_one_row_that_says_how_many_it_is() -> None:
    rows = [spending("2026-11-28", "kimi-k3", 100 - n, project=f"p{n}") for n in range(MOST_ROWS + 3)]
    found = ranked(rows, lambda row: row.project, most=MOST_ROWS)

    assert len(found) == MOST_ROWS + 1
    assert (found[-1]["others"], found[-1]["calls"]) == (3, 6)
    assert sum(one["cost"] for one in found) == sum(row.cost for row in rows)


def test_nothing_spent_is_no_row() -> None:
    assert summary((), ["2026-11-28"])["models"] == []
