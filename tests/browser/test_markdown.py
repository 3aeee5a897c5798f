"""How answers are set: what models write looks like what they mean, and what is not understood stays."""

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Open
from tests.browser.house import House

SHOW = """async ([base, text]) => {
    const { render } = await import(base + "/markdown.js");
    const box = document.createElement("div");
    box.append(...render(text, 3));
    return box.innerHTML;
}"""


@pytest.fixture(scope="module")
def shown(lived_in: House) -> Any:
    return lived_in


@pytest.fixture
def page(lived_in: House, open_page: Open) -> Page:
    return open_page(lived_in)


def rendered(page: Page, text: str) -> str:
    script = page.locator("script[type=module]").get_attribute("src")
    assert script is not None
    return str(page.evaluate(SHOW, [script.rpartition("/")[0], text]))


def test_what_models_write_is_set(page: Page) -> None:
    for text, wanted in (
        ("## Top\n\n#### Below", "<h3>Top</h3><h4>Below</h4>"),
        ("one\ntwo  \nthree", "<p>one\ntwo<br>three</p>"),
        ("a **b *c*** `d*e*`", "<p>a <strong>b <em>c</em></strong> <code>d*e*</code></p>"),
        (
            "- a\n- b\n  - c\n\n    more\n- d",
            "<ul><li>a</li><li>b<ul><li>c<p>more</p></li></ul></li><li>d</li></ul>",
        ),
        ("3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'),
        ("> a\n> > b", "<blockquote><p>a</p><blockquote><p>b</p></blockquote></blockquote>"),
        ("```py\nx = 1\n\n# y\n```\nend", '<pre tabindex="0"><code>x = 1\n\n# y</code></pre><p>end</p>'),
        ("~~~\n```\n~~~", '<pre tabindex="0"><code>```</code></pre>'),
        ("```\nnever closed", '<pre tabindex="0"><code>never closed</code></pre>'),
        ("a\n\n---\n\nb", "<p>a</p><hr><p>b</p>"),
        (
            "| a | b |\n|---|:-:|\n| 1 | `x\\|y` |\n| 2 |",
            '<table tabindex="0"><thead><tr><th scope="col">a</th><th scope="col">b</th></tr></thead>'
            "<tbody><tr><td>1</td><td><code>x|y</code></td></tr><tr><td>2</td><td></td></tr></tbody></table>",
        ),
    ):
        assert rendered(page, text) == wanted, text


def test_what_only_looks_like_marks_stays_text(page: Page) -> None:
    for text in (
        "snake_case_name and 2*3*4",
        "a * b * c",
        "#hashtag",
        "1.5 is no list",
        "**",
        "`",
        "[a](b c)",
    ):
        assert rendered(page, text) == f"<p>{text}</p>", text


def test_only_the_web_is_linked(page: Page) -> None:
    assert 'href="https://example.com/a"' in rendered(page, "see https://example.com/a.")
    assert 'href="https://example.com/"' in rendered(page, "[here](https://example.com)")
    for target in (
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "//x.example",
        "/status",
    ):
        assert "<a" not in rendered(page, f"[here]({target})"), target


def test_a_text_made_to_be_slow_is_not(page: Page) -> None:
    """Each of these takes time out of all proportion in a renderer that backtracks or nests without end."""
    for text in (
        "`" * 100_000,
        "*a " * 30_000,
        "[" * 50_000,
        "> " * 5_000 + "x",
        "- " * 5_000 + "x",
        "|" * 50_000,
        "__a" * 30_000,
    ):
        began = page.evaluate("performance.now()")
        rendered(page, text)
        assert page.evaluate("performance.now()") - began < 3_000, text[:10]
