"""Usage of any shape gives counts that add up, or none."""

import pytest

from app.providers import usage
from app.providers.events import Usage
from app.providers.records import Price


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"prompt_tokens": 10, "completion_tokens": 5}, Usage(10, 0, 5)),
        ({"prompt_tokens": 10, "completion_tokens": 5, "cached_tokens": 4}, Usage(10, 4, 5)),
        ({"prompt_tokens": 10, "completion_tokens": 5, "cached_tokens": 99}, Usage(10, 10, 5)),
        ({"prompt_tokens": 10, "completion_tokens": None}, Usage(10, 0, 0)),
        ({"prompt_tokens": "10", "completion_tokens": -5}, Usage(0, 0, 0)),
        ({"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": None}, Usage(10, 0, 5)),
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "prompt_tokens_details": {"cached_tokens": 3, "cache_creation_tokens": 9},
                "completion_tokens_details": {"reasoning_tokens": 9},
            },
            Usage(10, 3, 5, 5, 7),
        ),
        ({}, None),
        ({"total_tokens": 10}, None),
        ([], None),
        ("many", None),
        (None, None),
    ],
)
def test_a_usage_is_read_or_is_none(found: object, expected: Usage | None) -> None:
    assert usage.read({"usage": found}) == expected
    assert usage.read({"choices": [{"usage": found}]}) == expected


@pytest.mark.parametrize(
    "chunk", [{}, {"choices": None}, {"choices": []}, {"choices": [None]}, {"choices": "x"}]
)
def test_a_chunk_without_any_has_none(chunk: dict[str, object]) -> None:
    assert usage.read(chunk) is None


def test_each_kind_of_token_costs_its_own_price() -> None:
    price = Price(input=1000, cached=100, output=5000, written=2000)

    assert Usage(10, 4, 7, 5, 1).cost(price) == 5 * 1000 + 4 * 100 + 1 * 2000 + 7 * 5000
    assert Usage(10, 4, 7, 5, 1).cost(Price(1000, 100, 5000)) == 6 * 1000 + 4 * 100 + 7 * 5000
    assert price.most_input == 2000
