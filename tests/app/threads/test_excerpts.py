"""The part of a text that shows why it was found."""

import pytest

from app.threads.excerpts import AFTER, BEFORE, excerpt


@pytest.mark.parametrize(
    ("text", "words", "shown"),
    [
        ("a pond", ["pond"], "a pond"),
        ("A POND\n\nwith  frogs", ["frogs"], "A POND with frogs"),
        ("青蛙住在池塘里", ["池塘"], "青蛙住在池塘里"),
        ("nothing of it", ["else"], "nothing of it"),
        ("", ["x"], ""),
    ],
)
def test_a_short_text_is_shown_whole_on_one_line(text: str, words: list[str], shown: str) -> None:
    assert excerpt(text, words) == shown


def test_a_long_text_is_shown_around_the_first_word() -> None:
    text = "before " * 100 + "frog " + "after " * 100

    shown = excerpt(text, ["frog"])

    assert shown.startswith("…")
    assert shown.endswith("…")
    assert "frog" in shown
    assert len(shown) <= BEFORE + AFTER + 2
