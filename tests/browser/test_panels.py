"""Every view, on a server nobody has used, and on one with a month behind it."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.house import House


@pytest.mark.parametrize("place", ["#/", "#/jobs", "#/threads", "#/costs"])
def test_an_unused_server_says_how_to_begin(house: House, open_page: Open, place: str) -> None:
    page = open_page(house, place)

    expect(page.get_by_text("No call yet.").first).to_be_visible()
    expect(page.locator("pre").first).to_contain_text(f"{house.running.url} ")


def test_an_unused_server_shows_its_budget_models_and_itself(house: House, open_page: Open) -> None:
    page = open_page(house)
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Nothing is running, $10.00 of today\u2019s $10.00 is left. Everything works."
    )
    page.goto(f"{house.page}#/server")
    expect(page.get_by_role("heading", level=1)).to_have_text("Everything works.")
    expect(page.get_by_role("row", name=re.compile("serving"))).to_be_visible()
    expect(page.get_by_text("No session is open.")).to_be_visible()
    expect(page.get_by_role("heading", name="What this page does not show")).to_be_visible()


def test_now_shows_what_ended_and_what_is_left(lived_in: House, open_page: Open) -> None:
    page = open_page(lived_in)

    expect(page.get_by_role("heading", level=1)).to_contain_text("of today\u2019s $10.00 is left")
    rows = page.get_by_role("list").locator("a.row")
    expect(rows.first).to_contain_text("Can I build that index")
    expect(rows.first).to_contain_text("completed")
    expect(page.get_by_text("Nothing runs at this moment")).to_be_visible()


def test_a_finished_job_shows_its_answer_and_a_cancelled_one_what_there_was(
    lived_in: House, open_page: Open
) -> None:
    page = open_page(lived_in, "#/jobs")
    page.locator("a.row", has_text="Why does this query").click()
    answer = page.locator(".document")
    expect(answer.get_by_role("cell", name="4,812,330")).to_be_visible()
    expect(answer).to_contain_text("4,812 tokens in, 1,206 out")
    page.locator("a.row", has_text="Outline the documentation").click()
    expect(answer).to_contain_text("The job was cancelled.")
    expect(answer).to_contain_text("it is incomplete")
    expect(answer).to_contain_text("Your first budget")


def test_threads_are_found_read_and_taken_away(lived_in: House, open_page: Open) -> None:
    page = open_page(lived_in, "#/threads")
    expect(page.locator(".list a.row")).to_have_count(10)
    expect(page.get_by_text("All 10 threads.")).to_be_visible()

    page.get_by_label("Project").select_option("docs")
    expect(page.locator(".list a.row")).to_have_count(2)
    page.get_by_label("Project").select_option("")
    page.get_by_label("Search threads").fill("invalid index")
    hit = page.locator(".list a.row")
    expect(hit).to_have_count(1)
    expect(hit.locator("mark").first).to_have_text("invalid", ignore_case=True)
    hit.click()
    turns = page.locator(".turn")
    expect(turns.filter(has_text="SHARE UPDATE EXCLUSIVE")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Export Markdown").click()
    assert "SHARE UPDATE EXCLUSIVE" in download.value.path().read_text()


def test_a_thread_is_deleted_only_after_it_was_confirmed(house: House, open_page: Open) -> None:
    house.call("chat", prompt="A question to be forgotten")
    page = open_page(house, "#/threads")
    page.locator(".list a.row").click()
    page.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("A question to be forgotten")
    expect(dialog.get_by_role("button", name="Keep it")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".list a.row")).to_have_count(1)

    page.get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("No call yet.")).to_be_visible()


def test_costs_are_charts_and_the_same_as_tables(lived_in: House, open_page: Open) -> None:
    page = open_page(lived_in, "#/costs")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r"^\$\d+\.\d\d in 30 days$"))
    expect(page.get_by_role("img", name=re.compile("Cost by day"))).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("^kimi-k3"))).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("^checkout"))).to_be_visible()
    page.locator(".day").nth(20).hover()
    expect(page.locator(".tip")).to_contain_text("$")
    page.get_by_text("The same as a table").click()
    expect(page.get_by_role("columnheader", name="Day")).to_be_visible()

    page.get_by_role("button", name="7 days").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("in 7 days")
    page.get_by_role("button", name="All clients").click()
    clients = page.locator(".panel", has=page.get_by_role("heading", name="By client"))
    expect(clients.get_by_role("row")).to_have_count(4)
    expect(page.get_by_role("button", name="All clients")).to_be_focused()


def test_a_vendor_without_a_key_and_a_resting_model_are_told(
    loop,
    vendors_at: str,
    tmp_path,
    open_page: Open,  # type: ignore[no-untyped-def]
) -> None:
    house = House(loop, tmp_path / "house", vendors_at, GLM_API_KEY="")
    for _ in range(3):
        house.call("chat", prompt="Now [fake:kimi-500]", model="kimi")
    page = open_page(house, "#/server")
    models = page.locator(".panel", has=page.get_by_role("heading", name="Models"))
    expect(models).to_contain_text("no key set")
    house.leave()


def test_sessions_are_named_with_their_client(house: House, open_page: Open) -> None:
    from tests.browser.sessions import connected

    with connected(house, "Claude Code", "2.1.4"):
        page = open_page(house, "#/server")
        row = page.locator(".row", has_text="Claude Code 2.1.4")
        expect(row).to_contain_text("WebSocket")
        expect(row).to_contain_text("MCP 2025-11-25")
    expect(row).to_have_count(0)
