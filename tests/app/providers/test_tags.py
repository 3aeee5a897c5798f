"""Marks are found however the stream cuts them."""

import pytest

from app.providers.events import Reasoning, Text
from app.providers.tags import TagFilter

TEXT = "a < b <think>hm, <b>or not</think><|begin_of_box|>42<|end_of_box|> </thin>k <|begin"


@pytest.mark.parametrize("size", range(1, len(TEXT) + 1))
def test_a_text_comes_out_the_same_in_pieces_of_any_size(size: int) -> None:
    tags = TagFilter()
    events = [event for at in range(0, len(TEXT), size) for event in tags.feed(TEXT[at : at + size])]
    events += tags.end()

    assert "".join(event.text for event in events if isinstance(event, Text)) == "a < b 42 </thin>k <|begin"
    assert "".join(event.text for event in events if isinstance(event, Reasoning)) == "hm, <b>or not"


def test_what_cannot_be_a_mark_is_not_held_back() -> None:
    assert TagFilter().feed("1 < 2") == [Text("1 "), Text("<"), Text(" 2")]
