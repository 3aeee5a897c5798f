"""Long texts in parts: small enough, whole when joined, and each with the way to the next."""

import pytest

from app.jobs.pages import PAGE_BYTES, page, pages


@pytest.mark.parametrize(
    "text",
    [
        "",
        "short",
        "x" * 100_000,
        "a line\n" * 20_000,
        "a paragraph\n\n" * 10_000,
        "池塘" * 30_000,
        "ü" * 16_384,
        "🐸" * 20_000,
        "\n" * 70_000,
    ],
)
def test_joined_the_parts_are_the_text_and_each_is_small(text: str) -> None:
    parts = pages(text)

    assert "".join(parts) == text
    assert all(len(part.encode()) <= PAGE_BYTES for part in parts)
    assert len(parts) <= len(text.encode()) / (PAGE_BYTES * 0.7) + 1


def test_a_part_ends_with_a_paragraph_where_there_is_one() -> None:
    parts = pages("a paragraph of words\n\n" * 4_000)

    assert all(part.endswith("\n\n") for part in parts)


def test_a_short_text_is_no_part() -> None:
    assert page("short", 1, "call again") == "short"
    assert page("short", 7, "call again") == "short"


@pytest.mark.parametrize(
    ("number", "told"),
    [(1, "[Part 1 of 3. The next: page 2]"), (3, "[Part 3 of 3. This is the end.]"), (9, "[Part 3 of 3.")],
)
def test_a_part_says_which_it_is_and_how_to_go_on(number: int, told: str) -> None:
    assert told in page("a line\n" * 12_000, number, "page {page}")
