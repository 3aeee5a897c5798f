"""A real Chromium before a real server. Whatever a page complains of in its console fails its test."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from demo.history.writing import write
from scripts.pictures.browser import chromium as run_chromium
from tests.browser.house import House, Loop, database_in, vendors

PATIENCE_MS = 15_000
LABEL = "Token of your client"
NETWORK_CHANGED = "ERR_NETWORK_CHANGED"
"""What Chromium says to open requests when containers of other tests come and go on this machine."""

TRIES = 5

Open = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Not for longer than a module: while Playwright is there, this thread counts as running a loop."""
    expect.set_options(timeout=PATIENCE_MS)
    with run_chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def loop() -> Iterator[Loop]:
    made = Loop()
    yield made
    made.close()


@pytest.fixture(scope="session")
def vendors_at(loop: Loop) -> str:
    """Both fake vendors, as fast as they can; `[fake:pace 0.05]` in a prompt slows them down."""
    return loop.enter(vendors(0.0))


@pytest.fixture
def house(loop: Loop, vendors_at: str, tmp_path: Path) -> Iterator[House]:
    """A server that nobody has used yet."""
    made = House(loop, tmp_path / "house", vendors_at)
    yield made
    made.leave()


@pytest.fixture(scope="module")
def lived_in(loop: Loop, vendors_at: str) -> Iterator[House]:
    """A server with a month behind it, shared by tests that only read."""
    with tempfile.TemporaryDirectory(prefix="exai-page-") as folder:
        path = Path(folder)
        (path / "data").mkdir(mode=0o700)
        loop.run(write(database_in(path)))
        made = House(loop, path, vendors_at)
        yield made
        made.leave()


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Open]:
    """Open the page of a house, signed in, in a browser of its own; options are those of a context.

    `expected` are words of complaints that a test is about: a browser counts every refusal as an error.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_(
        house: House,
        place: str = "#/",
        *,
        sign_in: bool = True,
        expected: tuple[str, ...] = (),
        **options: Any,
    ) -> Page:
        def complain(text: str) -> None:
            if not any(one in text for one in (*expected, NETWORK_CHANGED)):
                complaints.append(text)

        given = {"viewport": {"width": 1280, "height": 860}, "locale": "en-GB", **options}
        context = chromium.new_context(**given)
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on("console", lambda said: complain(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complain(str(error)))
        page.on("request", lambda request: complain(request.url) if _foreign(request.url) else None)
        unlucky: list[str] = []
        page.on("requestfailed", lambda request: unlucky.append(str(request.failure)))
        page.goto(house.page)
        if sign_in:
            sign_in_on(page, house.token)
            page.goto(f"{house.page}{place}")
        for _ in range(TRIES):
            page.wait_for_load_state("load")
            if not any(NETWORK_CHANGED in one for one in unlucky):
                break
            unlucky.clear()
            page.reload()
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


def sign_in_on(page: Page, token: str) -> None:
    page.get_by_label(LABEL).fill(token)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("navigation", name="Views").wait_for()


def _foreign(url: str) -> bool:
    return not url.startswith("http://127.0.0.1:")
