"""GLM's web search and page reader: plain REST, no model between (docs.z.ai, Web Search, Web Reader)."""

from collections.abc import Mapping
from typing import Any

from app.providers import retries, sentences
from app.providers.connection import Connection
from app.providers.errors import Kind
from app.providers.protocol import Found, Source

SEARCH_COST = 10_000_000
"""Nano-USD; 0.01 USD a search on the vendor's price list, and a page is billed as one."""
MOST_RESULTS = 50
RECENCIES = {"day": "oneDay", "week": "oneWeek", "month": "oneMonth", "year": "oneYear"}
READER_SECONDS = 20


class GlmSearch:
    """See `WebSearch` and `PageReader`."""

    most_cost = SEARCH_COST

    def __init__(self, connection: Connection) -> None:
        self.vendor = connection.vendor
        self._connection = connection

    async def search(
        self, query: str, *, most: int, recency: str | None, domain: str | None, request_id: str
    ) -> Found:
        """Search; see `WebSearch.search`."""
        body: dict[str, Any] = {
            "search_engine": "search-prime",
            "search_query": query,
            "count": max(1, min(most, MOST_RESULTS)),
            "request_id": request_id,
        }
        if recency is not None:
            body["search_recency_filter"] = RECENCIES[recency]
        if domain is not None:
            body["search_domain_filter"] = domain
        answer = await self._ask("web_search", body)
        results = answer.get("search_result")
        if not isinstance(results, list):
            raise self._connection.error(Kind.BROKEN, sentences.broken(self.vendor, "it lists no results"))
        sources = tuple(_source(result) for result in results if isinstance(result, Mapping))
        return Found(sources[:most], SEARCH_COST)

    async def read_page(self, url: str, *, request_id: str) -> Found:
        """Read a page; see `PageReader.read_page`."""
        body = {"url": url, "return_format": "markdown", "timeout": READER_SECONDS, "request_id": request_id}
        answer = await self._ask("reader", body)
        page = answer.get("reader_result")
        if not isinstance(page, Mapping) or not page.get("content"):
            raise self._connection.error(Kind.BROKEN, sentences.broken(self.vendor, "the page is empty"))
        source = Source(
            title=_text(page, "title"), url=_text(page, "url") or url, text=_text(page, "content")
        )
        return Found((source,), SEARCH_COST)

    async def _ask(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        async for attempt in retries.attempts():
            with attempt:
                return await self._connection.json("POST", path, body=body)
        raise AssertionError("a retry context ends with a result or an error")


def _source(result: Mapping[str, Any]) -> Source:
    return Source(
        title=_text(result, "title"),
        url=_text(result, "link"),
        text=_text(result, "content"),
        site=_text(result, "media"),
        published=_text(result, "publish_date"),
    )


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""
