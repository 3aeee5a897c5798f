"""Long lists come in pages, and cursors cannot be made up."""

import pytest

from app.protocol.errors import InvalidParams
from app.protocol.pages import Pages


def test_walking_the_cursors_gives_every_entry_once() -> None:
    pages = Pages("tools", list(range(23)), page_size=10)
    walked: list[int] = []
    page = pages.at(None)
    while True:
        walked += page["tools"]
        if "nextCursor" not in page:
            break
        page = pages.at(page["nextCursor"])

    assert walked == list(range(23))


def test_an_empty_list_is_one_empty_page() -> None:
    assert Pages("tools", []).at(None) == {"tools": []}


@pytest.mark.parametrize("cursor", ["", "x", "dG9vbHM6MQ", 3, [], {"a": 1}])
def test_a_cursor_that_is_not_ours_is_refused(cursor: object) -> None:
    with pytest.raises(InvalidParams, match="cursor"):
        Pages("tools", list(range(23)), page_size=10).at(cursor)


def test_a_list_that_fits_exactly_has_no_next_page() -> None:
    assert "nextCursor" not in Pages("tools", list(range(10)), page_size=10).at(None)
