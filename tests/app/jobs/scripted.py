"""Vendors that answer from a script, for tests of what stands above them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

from msgspec.structs import replace

from app.providers.errors import ProviderError
from app.providers.events import Done, Event, Text, Usage
from app.providers.protocol import Extracted, Found, ProviderState, Source
from app.providers.requests import Media, Request
from app.providers.vendors import GLM, KIMI

Step = Event | ProviderError | asyncio.Event
"""What happens next: an event is yielded, an error raised, an `asyncio.Event` waited for."""


def whole(text: str = "the answer", *, tokens_in: int = 10, tokens_out: int = 5) -> list[Step]:
    """An answer in one piece, with its usage."""
    return [Text(text), Done("stop", Usage(tokens_in, 0, tokens_out), request_id="their-id")]


class ScriptedGateway:
    """Answers each request with the next script, or with what a function makes of the request."""

    def __init__(self, *scripts: Sequence[Step] | Callable[[Request], Sequence[Step]]) -> None:
        self.scripts = list(scripts)
        self.requests: list[Request] = []
        self.closed = 0
        self.vendors = {"kimi", "glm"}
        self._asked = asyncio.Event()

    async def asked(self) -> None:
        """Wait until a request has come."""
        async with asyncio.timeout(5):
            await self._asked.wait()

    def usable(self, vendor: str) -> bool:
        return vendor in self.vendors

    async def states(self) -> Sequence[ProviderState]:
        return []

    async def stream(self, request: Request) -> AsyncIterator[Event]:
        if request.leave is not None:
            request = replace(request, max_output=await request.leave())
        self.requests.append(request)
        self._asked.set()
        script = self.scripts.pop(0) if self.scripts else whole()
        try:
            for step in script(request) if callable(script) else script:
                if isinstance(step, asyncio.Event):
                    await step.wait()
                elif isinstance(step, ProviderError):
                    raise step
                else:
                    yield step
        finally:
            self.closed += 1


class FakeSearch:
    """Finds two pages for anything, at half the price that it may cost; `fault` is raised instead."""

    vendor = GLM
    most_cost = 20_000_000
    cost = 10_000_000

    def __init__(self) -> None:
        self.queries: list[tuple[str, int, str | None, str | None]] = []
        self.fault: ProviderError | None = None

    async def search(
        self, query: str, *, most: int, recency: str | None, domain: str | None, request_id: str
    ) -> Found:
        assert request_id.startswith("call_")
        self.queries.append((query, most, recency, domain))
        if self.fault is not None:
            raise self.fault
        number = len(self.queries)
        pages = [
            Source(f"Page {number}.{page}", f"https://site.example/{number}/{page}", f"It says {page}.")
            for page in (1, 2)
        ]
        return Found(tuple(pages[:most]), self.cost)


class FakeExtraction:
    """Reads any document as the same text; `fault` is raised instead."""

    vendor = KIMI
    cost = 2_000_000

    def __init__(self) -> None:
        self.documents: list[Media] = []
        self.text = "What the document says."
        self.fault: ProviderError | None = None
        self.able = True

    def reads(self, document: Media) -> bool:
        return self.able and bool(document.content)

    def most_cost(self, document: Media) -> int:
        return self.cost + len(document.content)

    async def extract(self, document: Media, *, request_id: str) -> Extracted:
        assert request_id.startswith("call_")
        self.documents.append(document)
        if self.fault is not None:
            raise self.fault
        return Extracted(self.text, self.cost)


class FakeFetch:
    """Answers every URL with the same body, unless `onward` redirects it."""

    def __init__(self) -> None:
        self.urls: list[str] = []
        self.body = b"fetched"
        self.onward: dict[str, str] = {}

    async def get(self, url: str, *, most: int) -> tuple[bytes, str | None]:
        self.urls.append(url)
        return self.body[:most], self.onward.get(url)
