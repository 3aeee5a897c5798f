"""What is held before a call is never less than the call can cost."""

import pytest
from msgspec.structs import replace

from app.budget.worst_case import WorstCase
from app.providers import catalog
from app.providers.records import Price

KIMI = catalog.find("kimi")
assert KIMI is not None


def held(worst: WorstCase) -> tuple[int, int]:
    call = worst.call("call_x", "2026-11-28", ())
    return call.least, call.most


def test_prompt_and_longest_answer_are_held_and_less_buys_a_shorter_one() -> None:
    worst = WorstCase(KIMI, input_tokens=1_000, max_output=10_000)
    least, most = held(worst)

    assert most == 1_000 * 950 + 10_000 * 4_000
    assert least == 1_000 * 950 + 512 * 4_000
    assert worst.output_within(most) == 10_000
    assert worst.output_within(least) == 512
    assert worst.output_within(least + 4_000) == 513


@pytest.mark.parametrize("granted", [3_000_000, 12_345_678, 40_000_000])
def test_no_answer_within_a_grant_can_cost_more_than_it(granted: int) -> None:
    worst = WorstCase(KIMI, input_tokens=700, max_output=32_000)

    assert 700 * 950 + worst.output_within(granted) * 4_000 <= granted


def test_a_free_model_holds_next_to_nothing_and_answers_at_full_length() -> None:
    worst = WorstCase(replace(KIMI, price=Price(0, 0, 0)), input_tokens=1_000, max_output=10_000)

    assert held(worst) == (0, 0)
    assert worst.output_within(0) == 10_000
