"""What the jobs ask of the vendors; who speaks HTTP stays behind it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

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


@dataclass(frozen=True, slots=True)
class ProviderState:
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


@dataclass(frozen=True, slots=True)
class Source:
    """One page that a web search found; `text` is what the vendor quotes of it."""

    title: str
    url: str
    text: str
    site: str = ""
    published: str = ""


class WebSearch(Protocol):
    """A vendor's search of the web; `cost` is nano-USD a search."""

    vendor: str
    cost: int

    async def search(
        self, query: str, *, most: int, recency: str | None, domain: str | None, request_id: str
    ) -> Sequence[Source]:
        """Search; `recency` is one of day, week, month, year.

        Raises:
            ProviderError: there is no result list.
        """


class Extraction(Protocol):
    """A vendor's reading of documents (PDF, Office, scans) into text; nothing is left at the vendor."""

    vendor: str
    cost_per_page: int

    async def extract(self, document: Media, *, request_id: str) -> str:
        """Return the text of a document.

        Raises:
            ProviderError: it could not be read.
        """
