"""Vendors that answer from a script, for tests of what stands above them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

from app.providers.errors import ProviderError
from app.providers.events import Done, Event, Text, Usage
from app.providers.protocol import ProviderState, Source
from app.providers.requests import Media, Request

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
    """Finds two pages for anything; `fault` is raised instead."""

    vendor = "glm"
    cost = 10_000_000

    def __init__(self) -> None:
        self.queries: list[tuple[str, int, str | None, str | None]] = []
        self.fault: ProviderError | None = None

    async def search(
        self, query: str, *, most: int, recency: str | None, domain: str | None, request_id: str
    ) -> Sequence[Source]:
        assert request_id.startswith("call_")
        self.queries.append((query, most, recency, domain))
        if self.fault is not None:
            raise self.fault
        number = len(self.queries)
        return [
            Source(f"Page {number}.{page}", f"https://site.example/{number}/{page}", f"It says {page}.")
            for page in (1, 2)
        ][:most]


class FakeExtraction:
    """Reads any document as the same text; `fault` is raised instead."""

    vendor = "kimi"
    cost_per_page = 1_000_000

    def __init__(self) -> None:
        self.documents: list[Media] = []
        self.text = "What the document says."
        self.fault: ProviderError | None = None

    async def extract(self, document: Media, *, request_id: str) -> str:
        assert request_id.startswith("call_")
        self.documents.append(document)
        if self.fault is not None:
            raise self.fault
        return self.text


class FakeFetch:
    """Answers every URL with the same body, unless `onward` redirects it."""

    def __init__(self) -> None:
        self.urls: list[str] = []
        self.body = b"fetched"
        self.onward: dict[str, str] = {}

    async def get(self, url: str, *, most: int) -> tuple[bytes, str | None]:
        self.urls.append(url)
        return self.body[:most], self.onward.get(url)
