"""No event carries a secret out, whatever shape it has."""

import pytest

from app.settings import Secret
from app.telemetry.redaction import Redactor

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYW5vbiJ9.c2lnbmF0dXJl"


class Holder:
    def __str__(self) -> str:
        return "holder of plain-canary-value"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("the key is plain-canary-value.", "the key is ***."),
        ("plain-canary-value-and-its-suffix", "***"),
        ("Authorization: Bearer abcd1234.efgh", "Authorization: Bearer ***"),
        ("authorization: basic dXNlcjpwYXNz", "authorization: basic ***"),
        (f"token={JWT}&x=1", "token=***&x=1"),
        ("postgresql://exai:p@ss!w%40rd@postgres:5432/exai", "postgresql://exai:***@postgres:5432/exai"),
        ("redis://:pw@redis:6379/0", "redis://:***@redis:6379/0"),
        ("sk-abcdefgh12345678 was refused", "sk-*** was refused"),
        ("nothing to hide at http://host:8079/mcp", "nothing to hide at http://host:8079/mcp"),
        ("the bearer of bad news", "the bearer of bad news"),
    ],
)
def test_one_string_is_masked(text: str, masked: str) -> None:
    redactor = Redactor(
        [Secret("plain-canary-value"), Secret("plain-canary-value-and-its-suffix"), Secret("a")]
    )

    assert redactor.text(text) == masked


def test_every_corner_of_an_event_is_masked_and_plain_values_stay() -> None:
    redactor = Redactor([Secret("plain-canary-value")])
    event = redactor(
        None,
        "info",
        {
            "event": "x plain-canary-value",
            "plain-canary-value": 1,
            "nested": {"plain-canary-value": [("plain-canary-value",), {"plain-canary-value"}]},
            "object": Holder(),
            "error": ValueError("plain-canary-value"),
            "secret": Secret("plain-canary-value"),
            "bytes": b"plain-canary-value",
            "count": 3,
            "none": None,
        },
    )

    assert "canary" not in repr(event)
    assert (event["count"], event["none"]) == (3, None)


def test_the_password_of_a_loaded_url_is_masked_wherever_it_stands() -> None:
    redactor = Redactor([Secret("postgresql://exai:canary%40word@postgres/exai")])

    assert redactor.text("tried canary%40word and canary@word") == "tried *** and ***"


def test_deep_nesting_ends() -> None:
    deep: list[object] = []
    deep.append(deep)

    assert "…" in repr(Redactor()(None, "info", {"event": "x", "deep": deep}))
