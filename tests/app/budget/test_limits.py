"""Budgets: who may spend what, and money in words."""

from pathlib import Path

import pytest

from app.budget.limits import Budgets, as_usd
from app.settings.server_file import parse
from app.stores.records import Limit

USD = 1_000_000_000


def budgets(text: str) -> Budgets:
    return Budgets(parse(text, Path("server.toml")))


def test_ten_dollars_a_day_unless_something_else_is_said() -> None:
    assert budgets("").limits("anybody", "") == (Limit("client:anybody", 10 * USD),)
    assert budgets("[budget]\ndefault_usd_per_day = 0.5\n").limits("me", "") == (
        Limit("client:me", USD // 2),
    )


def test_a_client_and_a_project_each_have_their_own() -> None:
    found = budgets(
        f'[clients.ci]\ntoken_sha256 = "{"a" * 64}"\nbudget_usd_per_day = 2\n'
        "[projects.thesis]\nbudget_usd_per_day = 1.5\n"
    )

    assert found.limits("ci", "thesis") == (
        Limit("client:ci", 2 * USD),
        Limit("project:ci/thesis", USD * 3 // 2),
    )
    assert found.limits("ci", "other") == (Limit("client:ci", 2 * USD),)


def test_other_budgets_hold_from_the_next_call_on() -> None:
    found = budgets("")
    found.replace(parse("[clients.default]\nbudget_usd_per_day = 0\n", Path("server.toml")))

    assert found.limits("default", "") == (Limit("client:default", 0),)


@pytest.mark.parametrize(
    ("nano", "words"),
    [(0, "0.00"), (10 * USD, "10.00"), (USD // 4, "0.25"), (3_500_000, "0.0035"), (950, "0.000000950")],
)
def test_money_is_written_with_as_many_digits_as_say_something(nano: int, words: str) -> None:
    assert as_usd(nano) == words
