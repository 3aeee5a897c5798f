"""The page about clients and limits says what the settings say."""

import re
from pathlib import Path

import pytest

from app.settings.files import Files
from app.settings.limits import Limits
from app.settings.server_file import Client, parse

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "clients.md").read_text()
ROWS = {
    key: cells
    for key, *cells in re.findall(r"^\| `([a-z_0-9]+)` \| ([^|]+) \|(?: ([^|]+) \|)?$", PAGE, re.MULTILINE)
}


@pytest.mark.parametrize("key", Limits.model_fields)
def test_every_limit_is_listed_with_its_default_and_its_answer(key: str) -> None:
    field = Limits.model_fields[key]

    default, meaning = ROWS[key]

    assert float(default.replace(",", "")) == field.default
    assert meaning == field.description


def test_every_key_of_a_client_is_listed_and_nothing_else() -> None:
    known = Limits.model_fields.keys() | Client.model_fields.keys() | Files.model_fields.keys()

    assert ROWS.keys() == known


def test_the_example_is_a_valid_file() -> None:
    example = ROOT / "config" / "server.toml.example"

    clients = parse(example.read_text(), example).clients

    assert clients["ci"].tools == ["status", "listmodels"]
