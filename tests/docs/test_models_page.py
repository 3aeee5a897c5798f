"""The page about models says what the settings and the records say."""

import re
from pathlib import Path

from app.providers.catalog import DEFAULTS, VENDORS
from app.settings.models_file import ModelTable, parse

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "models.md").read_text()


def test_every_key_of_a_model_is_listed_and_nothing_else() -> None:
    listed = re.findall(r"^\| `([a-z_]+)` \|", PAGE, re.MULTILINE)

    assert listed == list(ModelTable.model_fields)


def test_every_tool_with_a_default_is_named() -> None:
    (sentence,) = re.findall(r"^`\[defaults\]` takes (.*?);", PAGE, re.MULTILINE | re.DOTALL)

    assert set(re.findall(r"`([a-z]+)`", sentence)) == set(DEFAULTS)


def test_the_file_on_the_page_is_valid() -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)

    assert parse(text, ROOT).find("kimi-k4") is not None


def test_every_address_of_a_vendor_is_listed() -> None:
    for vendor in VENDORS:
        for origin in vendor.origins:
            assert re.search(
                rf"^\| {re.escape(origin.keys_from)} \| `{re.escape(origin.url)}`", PAGE, re.MULTILINE
            )
