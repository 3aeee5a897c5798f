"""Sentences count as a person would."""

from app.counted import counted


def test_one_is_singular_and_everything_else_is_not() -> None:
    assert [counted(number, "call") for number in (0, 1, 2, 1200)] == [
        "0 calls",
        "1 call",
        "2 calls",
        "1,200 calls",
    ]


def test_an_irregular_plural_is_named() -> None:
    assert [counted(number, "search", "searches") for number in (1, 3)] == ["1 search", "3 searches"]
