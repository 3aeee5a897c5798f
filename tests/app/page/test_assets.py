"""What a browser loads: only from here, compressed, kept for good, and never run from a string."""

import gzip
import re

import aiohttp

from app.page.answers import HEADERS, POLICY
from app.page.assets import FOLDER
from tests.app.page.conftest import Browser


async def addresses(browser: Browser) -> list[str]:
    await browser.sign_in()
    _, _, page = await browser.request("GET", "/status")
    return sorted(set(re.findall(r'(?:href|src)="(/status/assets/[^"]+)"', page)))


async def test_everything_the_page_names_is_there_with_strict_headers(browser: Browser) -> None:
    found = await addresses(browser)

    assert {address.rpartition("/")[2] for address in found} >= {"page.js", "base.css", "icon.svg"}
    for address in found:
        status, headers, _ = await browser.request("GET", address)
        assert status == 200
        assert "immutable" in headers["Cache-Control"]
        assert {name: headers[name] for name in HEADERS} == HEADERS


async def test_a_file_comes_compressed_and_is_not_sent_again(browser: Browser) -> None:
    address = next(one for one in await addresses(browser) if one.endswith("markdown.js"))
    plain = (FOLDER / "markdown.js").read_bytes()

    async with (
        aiohttp.ClientSession(auto_decompress=False) as http,
        http.get(browser.origin + address, headers={"Accept-Encoding": "gzip"}) as response,
    ):
        assert response.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(await response.read()) == plain
        tag = response.headers["ETag"]
    status, _, body = await browser.request("GET", address, Accept_Encoding="identity")
    assert (status, body.encode()) == (200, plain)
    assert (await browser.request("GET", address, If_None_Match=tag))[0] == 304


async def test_a_page_that_was_open_during_an_update_still_finds_its_files(browser: Browser) -> None:
    status, headers, _ = await browser.request("GET", "/status/assets/0123456789abcdef/page.js")

    assert (status, headers["Cache-Control"]) == (200, "no-cache")


async def test_nothing_beside_the_files_can_be_had(browser: Browser) -> None:
    for name in ("page.html", "..%2fpage.py", "%2e%2e/%2e%2e/page.py", "nothing.js"):
        assert (await browser.request("GET", f"/status/assets/x/{name}"))[0] == 404


def test_the_policy_names_no_other_host_and_allows_nothing_inline() -> None:
    assert POLICY.startswith("default-src 'none'")
    assert "unsafe" not in POLICY
    assert "http" not in POLICY
    assert "*" not in POLICY


def test_no_file_runs_or_inserts_a_string_and_none_is_from_elsewhere() -> None:
    forbidden = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc|DOMParser"
        r"|javascript:|style=\"|\son\w+=\"|url\("
    )
    for path in sorted(FOLDER.iterdir()):
        text = path.read_text()
        assert not forbidden.search(text), path.name
        hosts = set(re.findall(r"https?://[^\s\"'`)>\\]+", text)) - {
            "http://www.w3.org/2000/svg",
            "https?://[^",
        }
        assert not hosts, path.name


def test_each_file_has_one_concern() -> None:
    assert [path.name for path in FOLDER.iterdir() if len(path.read_text().splitlines()) > 250] == []
