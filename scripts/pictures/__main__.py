"""Take the pictures: `python -m scripts.pictures [FOLDER]`, docs/images by default."""

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page

from scripts.pictures.browser import chromium
from scripts.pictures.stage import Stage, set_up

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "images"
DESKTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}
MOST_BYTES = 300_000
PATIENCE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Picture:
    """One file: where on the page, what is done first, on which device, in which light."""

    name: str
    place: str
    ready: str
    scheme: str = "light"
    phone: bool = False
    first: Callable[[Page], None] | None = None


def _read_thread(page: Page) -> None:
    page.locator(".list a.row", has_text="orders_by_customer").first.click()
    page.locator(".turn").first.wait_for()


def _watch_job(page: Page) -> None:
    page.locator(".list a.row", has_text="Plan the move").first.click()
    page.locator(".document h3", has_text="Fill it in slices").wait_for()


PICTURES = (
    Picture("status-light", "#/", ".job"),
    Picture("status-dark", "#/", ".job", "dark"),
    Picture("status-job-dark", "#/jobs", ".list a.row", "dark", first=_watch_job),
    Picture("status-phone-light", "#/", ".job", phone=True),
    Picture("status-phone-dark", "#/costs", ".chart", "dark", phone=True),
    Picture("status-thread", "#/threads", ".list a.row", first=_read_thread),
    Picture("status-costs", "#/costs", ".chart"),
    Picture("status-server", "#/server", "tbody tr"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Take them all; a picture that is too large is a failure."""
    parser = argparse.ArgumentParser(prog="python -m scripts.pictures", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    folder: Path = parser.parse_args(arguments).folder
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="exai-pictures-") as made:
        try:
            with set_up(Path(made)) as stage, chromium() as browser:
                sizes = [_take(browser, stage, picture, folder) for picture in PICTURES]
        except FileNotFoundError as error:
            print(error, file=sys.stderr)
            return 1
    return 0 if max(sizes) <= MOST_BYTES else 1


def _take(browser: Browser, stage: Stage, picture: Picture, folder: Path) -> int:
    context = browser.new_context(
        viewport=PHONE if picture.phone else DESKTOP,  # type: ignore[arg-type]  # a TypedDict of its own
        color_scheme=picture.scheme,  # type: ignore[arg-type]  # a Literal of its own
        device_scale_factor=2 if picture.phone else 1,
        reduced_motion="reduce",
        locale="en-GB",
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(stage.page)
    page.get_by_label("Token of your client").fill(stage.token)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/status")
    page.goto(f"{stage.page}{picture.place}")
    page.locator(picture.ready).first.wait_for()
    if picture.first is not None:
        picture.first(page)
    path = folder / f"{picture.name}.png"
    page.screenshot(path=path)
    context.close()
    size = path.stat().st_size
    print(f"{path.name}: {size / 1000:.0f} kB", flush=True)
    return size


if __name__ == "__main__":
    sys.exit(main())
