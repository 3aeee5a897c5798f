"""The page about the status page lists what the code serves; its bounds and pictures are the real ones."""

import re
from pathlib import Path
from typing import Any

from app.page import events, jobs, threads, tickets
from app.page.page import StatusPage
from app.page.tickets import Tickets
from app.page.watching import Watching
from app.protocol.sealing import Seal
from app.shared.in_process import InProcess
from app.transports.bus import Bus
from scripts.pictures.__main__ import MOST_BYTES, PICTURES

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "status-page.md").read_text()


class Anything:
    """Stands for whatever the page reads; nothing is asked of it."""

    def __getattr__(self, _: str) -> Any:
        return Anything()


def test_every_endpoint_is_listed_and_nothing_else() -> None:
    shared: Any = InProcess()
    watching = Watching(shared, Bus(shared), lambda _: {})
    page = StatusPage(Anything(), Tickets(Seal(), lambda _: None), watching)  # type: ignore[arg-type]
    listed = re.findall(r"^\| `((?:GET|POST) /status[^`]*)` \|", PAGE, re.MULTILINE)

    assert listed == [f"{route.method} {route.path}" for route in page.routes()]


def test_the_bounds_it_names_are_the_real_ones() -> None:
    for figure in (
        f"cut at {jobs.MOST} jobs",
        f"{threads.PAGE} hits of a search",
        f"{jobs.LONGEST_SHOWN:,} characters of a job",
        f"{threads.LONGEST_SHOWN:,} of a message",
    ):
        assert figure in " ".join(PAGE.split())
    assert events.MOST_STREAMS_PER_CLIENT == 12
    assert "twelve pages are open" in PAGE
    assert (tickets.IDLE_SECONDS, tickets.LONGEST_SECONDS) == (3600, 12 * 3600)


def test_its_pictures_are_there_and_small() -> None:
    named = set(re.findall(r"\(images/([^)]+)\)", PAGE))
    taken = {f"{picture.name}.png" for picture in PICTURES}

    assert named <= taken
    for name in taken:
        assert 10_000 < (ROOT / "docs" / "images" / name).stat().st_size <= MOST_BYTES, name
