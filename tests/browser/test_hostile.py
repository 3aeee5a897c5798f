"""What models and callers write is text: in titles, answers, projects, names, and while it grows."""

import pytest
from playwright.sync_api import Page, expect

from app.stores import Store
from tests.app.stores.made import exchange
from tests.browser.conftest import Open
from tests.browser.house import House

ALL = "All of it"
ALARM = "window.alarmed = true"
INJECTIONS = (
    f"<script>{ALARM}</script>",
    f"<img src=x onerror='{ALARM}'>",
    f"<svg onload='{ALARM}'></svg>",
    f"</h2><iframe srcdoc='<script>parent.{ALARM}</script>'></iframe>",
    f"[click](javascript:{ALARM})",
    f"[click](data:text/html,<script>{ALARM}</script>)",
    f"![picture](https://127.0.0.1:1/leak?{ALARM})",
    f"<a href='javascript:{ALARM}'>click</a>",
    "'\"><style>*{background:url(https://127.0.0.1:1/x)}</style>",
    "<base href='https://127.0.0.1:1/'>",
    f"```\n</code></pre><script>{ALARM}</script>\n```",
    f"| a |\n| --- |\n| <img src=x onerror={ALARM}> |",
    "[\u202egnp.exe](https://example.com/\u202etxt)",
)
WHOLE = "\n\n".join(INJECTIONS)


@pytest.fixture
def attacked(house: House) -> House:
    """A house whose threads and jobs are made of nothing else; the thread ALL has the whole of it."""

    async def fill(store: Store) -> None:
        for injection in INJECTIONS:
            line = injection.replace("\n", " ")
            await exchange(store, injection, injection, principal="default", title=line, project=line[:60])
        await exchange(store, WHOLE, WHOLE, principal="default", title=ALL)

    house.write(fill)
    return house


def unharmed(page: Page) -> None:
    """Nothing ran, nothing was made of what they wrote, and nothing was asked of another host."""
    assert page.evaluate("window.alarmed") is None
    inside = page.locator("main")
    assert inside.locator("script, iframe, img, style, base, object, embed").count() == 0
    assert inside.locator("[onerror], [onload], [onclick]").count() == 0
    for address in inside.locator("a").evaluate_all("links => links.map((link) => link.href)"):
        assert address.startswith(("http://", "https://")), address


def test_titles_of_threads_and_jobs_are_text(attacked: House, open_page: Open) -> None:
    page = open_page(attacked, "#/threads")
    expect(page.locator(".list a.row")).to_have_count(len(INJECTIONS) + 1)
    expect(page.get_by_text(INJECTIONS[0]).first).to_be_visible()
    unharmed(page)
    for place in ("#/", "#/jobs", "#/costs"):
        page.goto(f"{attacked.page}{place}")
        expect(page.locator(".panel").first).to_be_visible()
        unharmed(page)


def test_a_transcript_is_text(attacked: House, open_page: Open) -> None:
    page = open_page(attacked, "#/threads")
    page.locator(".list a.row", has_text=ALL).click()
    answer = page.locator(".turn.assistant .prose")
    expect(answer).to_contain_text(INJECTIONS[0])
    expect(answer).to_contain_text(f"[click](javascript:{ALARM})")
    unharmed(page)
    # Addresses of the web are links that give nothing away and show where they lead.
    for link in answer.get_by_role("link").all():
        assert link.get_attribute("rel") == "noopener noreferrer nofollow"
        assert link.get_attribute("title") == link.get_attribute("href")


def test_search_shows_what_it_found_as_text(attacked: House, open_page: Open) -> None:
    page = open_page(attacked, "#/threads")
    page.get_by_label("Search threads").fill("alarmed")
    expect(page.locator(".list mark").first).to_be_visible()
    unharmed(page)


def test_a_jobs_answer_is_text_and_so_is_a_growing_one(attacked: House, open_page: Open) -> None:
    page = open_page(attacked, "#/jobs")
    page.locator(".list a.row", has_text=ALL).click()
    expect(page.locator(".document .prose")).to_contain_text(INJECTIONS[1])
    unharmed(page)
    # The demo repeats what it was asked, so this comes back piece by piece.
    attacked.start(f"{INJECTIONS[1]} {INJECTIONS[0]} [fake:pace 0.03]")
    page.goto(f"{attacked.page}#/")
    job = page.locator(".job")
    expect(job).to_contain_text("onerror")
    job.get_by_role("link").click()
    expect(page.locator(".document .prose")).to_contain_text("onerror")
    unharmed(page)


def test_names_of_clients_are_text(house: House, open_page: Open) -> None:
    from tests.browser.sessions import connected

    with connected(house, INJECTIONS[1], "<b>1</b>"):
        page = open_page(house, "#/server")
        expect(page.get_by_text(INJECTIONS[1])).to_be_visible()
        unharmed(page)


def test_even_a_script_that_got_in_could_do_nothing(house: House, open_page: Open) -> None:
    """The policy holds by itself: a string becomes neither markup nor code, and no other host is reached."""
    page = open_page(house, expected=("Content Security Policy", "requires 'Trusted"))
    refused = page.evaluate(
        """() => {
            const tried = (work) => { try { work(); return "done"; } catch (error) { return error.name; } };
            const script = document.createElement("script");
            return [
                tried(() => { document.body.innerHTML = "<p>x</p>"; }),
                tried(() => { script.text = "window.alarmed = true"; }),
            ];
        }"""
    )
    assert refused == ["TypeError", "TypeError"]
    page.evaluate(
        """() => {
            const style = document.createElement("style");
            style.textContent = "p { color: red }";
            document.head.append(style);
        }"""
    )
    assert page.evaluate("document.styleSheets.length") == page.locator("link[rel=stylesheet]").count()
