"""Jobs that run: watched as they are written, cancelled, on this replica and on another."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.app.shared.conftest import free_port, have_image, running
from tests.app.stores.conftest import postgres_server, postgres_url  # noqa: F401 - fixtures
from tests.browser.conftest import Open
from tests.browser.house import House, Loop

SLOW = "Tell me slowly [fake:words 400] [fake:pace 0.05]"
TOKEN, STATE_KEY = "a-token-made-up-for-tests", "one-state-key-of-all-the-replicas"


def test_a_running_job_is_watched_and_its_answer_stays(house: House, open_page: Open) -> None:
    page = open_page(house)
    house.start("Tell me [fake:words 150] [fake:pace 0.04]")
    job = page.locator(".job")
    expect(job).to_contain_text("chat")
    expect(job).to_contain_text("so far")
    expect(page.get_by_role("heading", level=1)).to_contain_text("1 job is running")

    job.get_by_role("link", name="Attach to Tell me").click()
    expect(page.locator(".tail")).to_contain_text("meani")
    before = len(page.locator(".document .prose").inner_text())
    expect(page.locator(".document .state")).to_have_text("completed", timeout=30_000)
    assert len(page.locator(".document .prose").inner_text()) > before
    expect(page.locator("#announcer")).to_contain_text("has ended")
    expect(page.locator(".list a.row").first).to_contain_text("completed")


def test_a_job_is_cancelled_only_after_it_was_confirmed(house: House, open_page: Open) -> None:
    page = open_page(house)
    house.start(SLOW)
    cancel = page.get_by_role("button", name="Cancel Tell me slowly")
    cancel.click()
    page.get_by_role("button", name="Let it run").click()
    expect(page.locator(".job")).to_be_visible()
    expect(cancel).to_be_focused()

    cancel.click()
    page.get_by_role("button", name="Cancel the job").click()
    expect(page.locator(".job")).to_have_count(0)
    expect(page.locator("a.row").first).to_contain_text("cancelled")


def test_what_is_kept_nowhere_is_seen_running_and_no_word_of_it(house: House, open_page: Open) -> None:
    page = open_page(house)

    async def ask() -> None:
        client = await house._connect()
        await client.call("chat", prompt="A secret [fake:words 200] [fake:pace 0.05]", no_store=True)

    asking = house.loop.start(ask())
    job = page.locator(".job")
    expect(job).to_contain_text("Nothing of this call is kept")
    job.get_by_role("link").click()
    expect(page.locator(".document")).to_contain_text("asked for nothing to be kept")
    assert "secret" not in page.content()
    asking.result(60)


@pytest.fixture
def redis_url() -> Iterator[str]:
    if not have_image():
        pytest.skip("no Redis: its image is not here")
    port = free_port()
    with running(port):
        yield f"redis://:made-up-for-tests@127.0.0.1:{port}/0"


@pytest.fixture
def replicas(
    loop: Loop,
    vendors_at: str,
    tmp_path: Path,
    redis_url: str,
    postgres_url: str,  # noqa: F811 - the fixture imported above
) -> Iterator[tuple[House, House]]:
    """Two servers on one PostgreSQL and one Redis."""
    variables = {
        "AUTH_TOKEN": TOKEN, "STATE_KEY": STATE_KEY, "REDIS_URL": redis_url, "DATABASE_URL": postgres_url,
    }  # fmt: skip
    pair = [House(loop, tmp_path / name, vendors_at, **variables) for name in ("a", "b")]
    yield pair[0], pair[1]
    for one in pair:
        one.leave()


def test_a_job_of_another_replica_moves_is_watched_and_cancelled(
    replicas: tuple[House, House], open_page: Open
) -> None:
    here, elsewhere = replicas
    page = open_page(here)
    expect(page.locator("#link")).to_have_attribute("data-state", "live")
    elsewhere.start(SLOW)
    job = page.locator(".job")
    expect(job).to_contain_text("is answering")
    heard = job.locator(".facts").inner_text()
    expect(job.locator(".facts")).not_to_have_text(heard)

    job.get_by_role("link").click()
    expect(page.locator(".tail")).to_contain_text("meani")
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("button", name="Cancel the job").click()
    expect(page.locator(".document .state")).to_have_text("cancelled")
    page.goto(f"{here.page}#/server")
    expect(page.locator("tbody tr", has_text="serving")).to_have_count(2)


def test_one_login_opens_every_replica_and_a_leaving_one_is_left(
    replicas: tuple[House, House], open_page: Open
) -> None:
    here, elsewhere = replicas
    page = open_page(here)
    expect(page.locator("#link")).to_have_attribute("data-state", "live")
    # A cookie knows no ports, so this is what a balancer does: the same browser at the other replica.
    page.goto(f"{elsewhere.page}#/server")
    expect(page.locator("tbody tr", has_text="serving")).to_have_count(2)
    here.leave()
    expect(page.locator("tbody tr", has_text="serving")).to_have_count(1, timeout=30_000)
