"""The pages about files and data say what the code says."""

import re
from pathlib import Path
from typing import Any

import pytest

from app import contract
from app.files import kinds
from app.providers.vendors import VENDORS
from app.settings.files import Files
from app.settings.limits import Limits
from app.settings.server_file import parse
from app.tools.readings import LONGEST_READING, MAX_READINGS
from app.transports.uploads import Uploads

DOCS = Path(__file__).resolve().parents[2] / "docs"
FILES = (DOCS / "files.md").read_text()
DATA = (DOCS / "where-data-goes.md").read_text()
UNITS = {"MiB": 1024**2, "h": 3600, "s": 1}


def _number(text: str) -> float:
    number, _, unit = text.partition(" ")
    return float(number) * UNITS.get(unit, 1)


@pytest.mark.parametrize(
    ("key", "default"), re.findall(r"^\| `(\w+)`: [^|]+ \| ([^|]+) \|$", FILES, re.MULTILINE)
)
def test_a_limit_of_the_page_is_that_of_the_code(key: str, default: str) -> None:
    assert _number(default) == Limits.model_fields[key].default


def test_every_limit_of_files_is_on_the_page() -> None:
    named = set(re.findall(r"^\| `(\w+)`: ", FILES, re.MULTILINE))

    assert named == {key for key in Limits.model_fields if "file" in key or "upload" in key}


def test_the_page_names_the_bounds_of_reading() -> None:
    words = " ".join(FILES.split())

    assert f"at most {MAX_READINGS} documents read" in words
    assert f"{LONGEST_READING:,} characters" in words


def test_the_page_names_every_kind_that_is_read() -> None:
    words = {"PNG", "JPEG", "GIF", "WebP", "MP4", "MOV", "WebM", "PDF"}

    assert [word for word in words if word not in FILES or word not in kinds.READABLE] == []
    assert len(words) == len(kinds.IMAGES | kinds.VIDEOS | {kinds.PDF})


async def _keep(_principal: str, _name: str, _content: bytes) -> Any:
    raise AssertionError("nothing is uploaded here")


def test_the_upload_goes_to_the_path_of_the_contract() -> None:
    (route,) = Uploads(_keep).routes()

    assert (route.method, route.path) == ("POST", contract.FILES_PATH)
    assert f"http://127.0.0.1:{contract.PORT}{contract.FILES_PATH}" in FILES


def test_the_example_of_allowed_hosts_is_valid() -> None:
    (example,) = re.findall(r"^```toml\n(.*?)^```", FILES, re.MULTILINE | re.DOTALL)

    assert parse(example, DOCS / "example").files == Files(
        allow_urls=["docs.example.com", "wiki.example.com:8443"]
    )


def test_every_address_a_key_may_be_good_for_is_placed() -> None:
    hosts = {
        origin.url.split("/")[2]
        for vendor in VENDORS
        for origin in vendor.origins
        if "coding" not in origin.url
    }

    assert [host for host in hosts if f"`{host}`" not in DATA] == []
    assert [vendor.url_variable for vendor in VENDORS if f"`{vendor.url_variable}`" not in DATA] == []
