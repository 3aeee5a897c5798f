"""`web_search`: what was found, quoted, at a price."""

from app.providers.errors import Kind, ProviderError
from tests.app.jobs.conftest import Bench, MakeBench
from tests.app.tools.conftest import Ask


async def test_pages_are_listed_with_their_words_and_their_price(bench: Bench, ask: Ask) -> None:
    text, result = await ask(
        "web_search", query="  kimi   k3 ", count=1, recency="week", domain="site.example", project="p"
    )

    assert bench.search.queries == [("kimi   k3", 1, "week", "site.example")]
    assert text.startswith(
        "1 page for 'kimi   k3'; what they say is quoted, not vouched for.\n\n[1] Page 1.1\n"
        "https://site.example/1/1\nIt says 1.\n\n[0.0100 USD · job_"
    )
    assert result["_meta"]["exai/cost-nano-usd"] == bench.search.cost
    (row,) = await bench.store.spending("me", since="2000-01-01")
    assert (row.vendor, row.model, row.project, row.cost) == ("glm", "web-search", "p", bench.search.cost)


async def test_it_is_a_job_without_a_thread_that_can_be_collected(bench: Bench, ask: Ask) -> None:
    text, result = await ask("web_search", query="kimi")

    again, _ = await ask("jobs", action="collect", job=result["_meta"]["exai/job"])

    assert again == text
    assert await bench.store.threads("me", project=None, before=None, most=9) == []
    assert len(bench.search.queries) == 1


async def test_a_search_that_failed_costs_nothing(bench: Bench, ask: Ask) -> None:
    bench.search.fault = ProviderError(Kind.CAPACITY, "GLM is busy.", vendor="glm")

    text, result = await ask("web_search", query="kimi")

    assert result["isError"]
    assert text == "GLM is busy."
    assert result["_meta"]["exai/cost-nano-usd"] == 0


async def test_a_search_nobody_may_have_charged_for_stays_held(bench: Bench, ask: Ask) -> None:
    bench.search.fault = ProviderError(Kind.TIMEOUT, "GLM is silent.", vendor="glm")

    await ask("web_search", query="kimi")

    day = (await bench.store.jobs("me", status=None, project=None, most=1))[0].created.date().isoformat()
    assert await bench.store.held(["client:me"], day) == {"client:me": bench.search.most_cost}


async def test_a_budget_that_does_not_pay_for_it_refuses(make: MakeBench) -> None:
    bench = make(budget="0.015")

    result = await bench.client().result("tools/call", {"name": "web_search", "arguments": {"query": "kimi"}})

    assert result["isError"]
    assert bench.search.queries == []
