"""For every eye and hand: light and dark, phone, keyboard, screen reader."""

import pytest
from playwright.sync_api import Page, expect

from scripts.bootstrap.machine import Machine
from scripts.bootstrap.refusal import Refusal
from scripts.conformance.node import package
from tests.browser.conftest import Open
from tests.browser.house import House

VIEWS = ("#/", "#/jobs", "#/threads", "#/costs", "#/server")
PHONE = {"width": 390, "height": 844}
PAPER = {"light": "rgb(246, 245, 241)", "dark": "rgb(18, 20, 22)"}


def paper(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))


@pytest.fixture(scope="session")
def axe() -> str:
    """The rules, from the locked npm package."""
    try:
        _, folder = package(Machine.this(), "axe")
    except Refusal as refusal:
        pytest.skip(f"no axe-core: {refusal}")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text()


def violations(page: Page, rules: str) -> list[str]:
    page.evaluate(rules)
    found = page.evaluate(
        "axe.run(document, { resultTypes: ['violations'] }).then((result) => result.violations)"
    )
    return [f"{one['id']}: {[node['html'][:160] for node in one['nodes']][:3]}" for one in found]


def settled(page: Page, place: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    if place != "#/server":
        expect(page.locator(".row, .chart").first).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", ["desktop", "phone"])
def test_axe_finds_no_violation(lived_in: House, open_page: Open, axe: str, scheme: str, device: str) -> None:
    options = {"color_scheme": scheme, "reduced_motion": "reduce"}
    page = open_page(lived_in, **options, **({"viewport": PHONE} if device == "phone" else {}))
    found = {}
    for place in VIEWS:
        page.goto(f"{lived_in.page}{place}")
        settled(page, place)
        found[place] = violations(page, axe)
    page.goto(f"{lived_in.page}#/threads")
    page.locator(".list a.row", has_text="Why does this query").click()
    expect(page.locator(".turn").first).to_be_visible()
    found["a thread"] = violations(page, axe)
    page.get_by_role("button", name="Delete").click()
    found["a dialog"] = violations(page, axe)
    page.get_by_role("button", name="Keep it").click()
    page.goto(f"{lived_in.page}#/jobs")
    page.locator(".list a.row", has_text="Outline the documentation").click()
    expect(page.locator(".document .note")).to_be_visible()
    found["a job"] = violations(page, axe)
    page.goto(f"{lived_in.page}#/costs")
    page.get_by_role("button", name="All clients").click()
    expect(page.get_by_role("heading", name="By client")).to_be_visible()
    page.get_by_text("The same as a table").click()
    found["all clients"] = violations(page, axe)

    assert {place: faults for place, faults in found.items() if faults} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_at_the_door_and_in_an_empty_house(
    house: House, open_page: Open, axe: str, scheme: str
) -> None:
    page = open_page(house, sign_in=False, color_scheme=scheme)
    assert violations(page, axe) == []
    page = open_page(house, color_scheme=scheme)
    for place in VIEWS:
        page.goto(f"{house.page}{place}")
        expect(page.locator(".panel").first).to_be_visible()
        assert violations(page, axe) == [], place


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_system_decides_until_somebody_does(house: House, open_page: Open, scheme: str) -> None:
    page = open_page(house, color_scheme=scheme)
    other = "dark" if scheme == "light" else "light"
    assert paper(page) == PAPER[scheme]

    page.get_by_role("button", name="Theme").click()
    assert paper(page) == PAPER[other]
    expect(page.get_by_role("button", name=f"Theme: {other}")).to_be_visible()
    page.reload()
    assert paper(page) == PAPER[other]


def test_nothing_is_wider_than_a_phone(lived_in: House, open_page: Open) -> None:
    page = open_page(lived_in, viewport={"width": 360, "height": 740}, has_touch=True)
    for place in VIEWS:
        page.goto(f"{lived_in.page}{place}")
        settled(page, place)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, place
    page.goto(f"{lived_in.page}#/threads")
    page.locator(".list a.row", has_text="Why does this query").click()
    expect(page.locator(".turn").first).to_be_visible()
    expect(page.locator(".list")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_role("link", name="All threads").click()
    expect(page.locator(".list")).to_be_visible()


def test_every_view_is_reached_and_read_with_the_keyboard(lived_in: House, open_page: Open) -> None:
    page = open_page(lived_in)
    page.reload()
    settled(page, "#/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()

    page.get_by_role("link", name="Threads").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Search threads")).to_be_focused()
    page.keyboard.type("partial")
    expect(page.locator(".list mark").first).to_be_visible()
    page.keyboard.press("Tab")  # the projects
    page.keyboard.press("Tab")
    expect(page.locator(".list a.row").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".turn").first).to_be_visible()
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Delete":
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("button", name="Delete")).to_be_focused()


def test_what_is_focused_is_seen(lived_in: House, open_page: Open) -> None:
    page = open_page(lived_in)
    settled(page, "#/")
    for _ in range(12):
        page.keyboard.press("Tab")
        style = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        name = page.evaluate("document.activeElement.outerHTML.slice(0, 80)")
        assert style == "solid" or name.startswith(("<main", "<body")), name


def test_landmarks_headings_and_live_regions(lived_in: House, open_page: Open) -> None:
    page = open_page(lived_in)
    settled(page, "#/")
    for role in ("banner", "navigation", "main"):
        expect(page.get_by_role(role)).to_have_count(1)  # type: ignore[arg-type]  # a Literal of its own
    expect(page.get_by_role("link", name="Now")).to_have_attribute("aria-current", "page")
    # One region that speaks; nothing that ticks or grows is inside of one.
    expect(page.locator("[aria-live], [role=status], [role=log]")).to_have_count(1)
    said = page.locator("#announcer")
    page.get_by_role("link", name="Costs").first.click()
    expect(said).to_have_text("Costs")


def test_while_a_job_is_written_the_page_keeps_quiet(house: House, open_page: Open) -> None:
    page = open_page(house)
    house.start("Tell me [fake:words 200] [fake:pace 0.03]")
    page.locator(".job").get_by_role("link").click()
    page.evaluate(
        """() => {
            window.said = [];
            const region = document.getElementById("announcer");
            const note = () => window.said.push(region.textContent);
            new MutationObserver(note).observe(region, { childList: true });
        }"""
    )
    expect(page.locator(".document .state")).to_have_text("completed", timeout=40_000)
    said = page.evaluate("window.said")
    assert len(said) <= 3, said


def test_who_wants_less_motion_gets_none(house: House, open_page: Open) -> None:
    page = open_page(house, reduced_motion="reduce")
    house.start("Slowly [fake:words 300] [fake:pace 0.05]")
    expect(page.locator(".track")).to_be_visible()
    assert page.evaluate("document.getAnimations().length") == 0
