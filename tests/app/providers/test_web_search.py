"""Searching and reading pages at both vendors, against the fake."""

from collections import deque
from collections.abc import AsyncIterator, Iterator

import pytest
import stamina

from app.providers import kimi_search, retries
from app.providers.client import ChatClient
from app.providers.errors import Kind, ProviderError
from app.providers.gateway import VendorGateway
from app.providers.glm_search import SEARCH_COST, GlmSearch
from app.providers.kimi_search import FIBER_COST, KimiSearch
from app.providers.protocol import WebSearch
from app.shared.in_process import InProcess
from tests.app.providers.fake import Fake, model_of


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=retries.ATTEMPTS, cap=True):
        yield


@pytest.fixture
async def glm(fake: Fake) -> AsyncIterator[GlmSearch]:
    connection = fake.connection("glm")
    yield GlmSearch(connection)
    await connection.close()


@pytest.fixture
async def kimi(fake: Fake) -> AsyncIterator[KimiSearch]:
    connection = fake.connection("kimi")
    gateway = VendorGateway({"kimi": ChatClient(connection)}, InProcess(), {})
    yield KimiSearch(connection, gateway, model_of("kimi-k2.6"))
    await connection.close()


@pytest.fixture(params=["glm", "kimi"])
def search(request: pytest.FixtureRequest) -> WebSearch:
    found: WebSearch = request.getfixturevalue(request.param)
    return found


ASKED = {"most": 3, "recency": None, "domain": None, "request_id": "request-1"}


async def test_a_search_finds_pages_with_their_addresses(search: WebSearch) -> None:
    found = await search.search("ports", **ASKED)

    assert len(found.sources) == 3
    first = found.sources[0]
    assert (first.title, first.url, first.site) == (
        "Page 1 about ports",
        "https://example.com/demo/1",
        "example.com",
    )
    assert "says about ports" in first.text
    assert first.published == "2026-11-01"
    assert 0 < found.cost <= search.most_cost


async def test_glm_is_asked_with_its_own_words_for_recency_and_domain(fake: Fake, glm: GlmSearch) -> None:
    found = await glm.search("ports", most=99, recency="week", domain="example.com", request_id="request-1")

    assert found.cost == SEARCH_COST
    (row,) = fake.bill.rows
    assert (row.kind, row.client_id) == ("search", "request-1")


async def test_kimis_search_costs_its_run_and_the_model_that_reads_it(fake: Fake, kimi: KimiSearch) -> None:
    found = await kimi.search("ports", **ASKED)

    run, read = fake.bill.rows
    assert (run.kind, read.kind, read.reasoning) == ("search", "chat", 0)
    price = model_of("kimi-k2.6").price
    assert found.cost == FIBER_COST + (read.input - read.cached) * price.input + read.output * price.output


async def test_a_search_that_is_refused_for_lack_of_capacity_is_asked_again(search: WebSearch) -> None:
    name = "glm-1302" if search.vendor.id == "glm" else "kimi-429-overloaded"
    found = await search.search(f"ports [fake:{name} x2]", **ASKED)

    assert found.sources


async def test_a_search_that_fails_says_so(search: WebSearch) -> None:
    name = "glm-1113" if search.vendor.id == "glm" else "kimi-429-quota"
    with pytest.raises(ProviderError) as caught:
        await search.search(f"ports [fake:{name}]", **ASKED)

    assert caught.value.kind is Kind.ACCOUNT
    assert caught.value.owed == 0


async def test_what_the_run_cost_is_owed_when_the_reading_fails(fake: Fake, kimi: KimiSearch) -> None:
    fake.scripts.queued["kimi"] = deque(["ok", "kimi-429-quota"])
    with pytest.raises(ProviderError) as caught:
        await kimi.search("ports", **ASKED)

    assert caught.value.owed == FIBER_COST


async def test_findings_past_their_bound_are_refused_and_not_paid_for(
    kimi: KimiSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kimi_search, "MOST_INPUT", 500)
    with pytest.raises(ProviderError, match="more than 500 tokens were found") as caught:
        await kimi.search("ports", **ASKED)

    assert caught.value.owed == FIBER_COST


async def test_a_page_is_read_whole(glm: GlmSearch) -> None:
    found = await glm.read_page("https://example.com/a", request_id="request-1")

    (page,) = found.sources
    assert (page.title, page.url) == ("A page of the demo", "https://example.com/a")
    assert "The demo read https://example.com/a." in page.text
    assert found.cost == SEARCH_COST
