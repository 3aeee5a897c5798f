"""What the jobs ask of the vendors; who speaks HTTP stays behind it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from app.providers.events import Event
from app.providers.records import Vendor
from app.providers.requests import Media, Request


class Provider(Protocol):
    """One vendor, called once: no retries, no limits."""

    vendor: Vendor

    def stream(self, request: Request) -> AsyncIterator[Event]:
        """Call the model; yields pieces as they arrive and ends with `Done`.

        Closing the iterator closes the connection, upon which vendors stop generating.

        Raises:
            ProviderError: there is no whole answer.
        """


class ProviderState(Struct, frozen=True):
    """How a vendor's model stands with us; `open_until` is when a breaker lets the next call try."""

    vendor: str
    model: str
    in_flight: int
    open_until: datetime | None
    reason: str | None


class Gateway(Protocol):
    """All vendors, behind what keeps them and us from harm: slots, breakers, early retries."""

    def stream(self, request: Request) -> AsyncIterator[Event]:
        """Call the model of the request; as `Provider.stream`, and waits at most SLOT_SECONDS for a slot.

        Raises:
            ProviderError: as of the last attempt, or at once while the breaker is open.
        """

    def usable(self, vendor: str) -> bool:
        """Whether a vendor has a key."""

    async def states(self) -> Sequence[ProviderState]:
        """Return the state of every model that was called lately."""


class Source(Struct, frozen=True):
    """One page that a web search found; `text` is what the vendor quotes of it."""

    title: str
    url: str
    text: str
    site: str = ""
    published: str = ""


class Found(Struct, frozen=True):
    """What a search found, and what it cost in nano-USD."""

    sources: tuple[Source, ...]
    cost: int


class WebSearch(Protocol):
    """A vendor's search of the web; `most_cost` is nano-USD that one search can cost at most."""

    vendor: Vendor
    most_cost: int

    async def search(
        self, query: str, *, most: int, recency: str | None, domain: str | None, request_id: str
    ) -> Found:
        """Search; `recency` is one of day, week, month, year.

        Raises:
            ProviderError: there is no result list.
        """


class PageReader(Protocol):
    """A vendor's reading of one public page; our own server fetches nothing."""

    vendor: Vendor
    most_cost: int

    async def read_page(self, url: str, *, request_id: str) -> Found:
        """Return the page as one source, its `text` whole as Markdown.

        Raises:
            ProviderError: it could not be read.
        """


class Extracted(Struct, frozen=True):
    """The text of a document, and what reading it cost in nano-USD."""

    text: str
    cost: int


class Extraction(Protocol):
    """A vendor's reading of documents (PDF, Office, scans) into text; nothing is left at the vendor."""

    vendor: Vendor

    def reads(self, document: Media) -> bool:
        """Whether the vendor takes documents of this type and size."""

    def most_cost(self, document: Media) -> int:
        """Return the most that reading it can cost, in nano-USD."""

    async def extract(self, document: Media, *, request_id: str) -> Extracted:
        """Return the text of a document.

        Raises:
            ProviderError: it could not be read.
        """


FreeRequest = Callable[[], Awaitable[tuple[str, Sequence[str]]]]
"""Makes a request that costs nothing: what it showed, and sentences about what somebody should look at."""
