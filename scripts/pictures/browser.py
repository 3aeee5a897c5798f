"""A real Chromium, started the same way for tests and pictures: alone, silent, with nothing of its user's."""

import contextlib
from collections.abc import Iterator

from playwright.sync_api import Browser, sync_playwright

from scripts.bootstrap import browser
from scripts.bootstrap.machine import Machine

FLAGS = (
    "--no-sandbox",  # in a container there is none to be had, and all pages are our own
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

MISSING = "no Chromium: install one (Debian: `apt-get install chromium`), or name it in CHROMIUM"


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Run one, with an empty profile of its own.

    Raises:
        FileNotFoundError: there is none on this machine.
    """
    found = browser.find(Machine.this())
    if found is None:
        raise FileNotFoundError(MISSING)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=str(found), args=list(FLAGS), headless=True)
        try:
            yield running
        finally:
            running.close()
