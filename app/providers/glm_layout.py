"""GLM's reading of PDF files and pictures into Markdown (docs.z.ai, Layout Parsing)."""

import base64

from app.providers import retries, sentences, usage
from app.providers.connection import Connection
from app.providers.errors import Kind
from app.providers.protocol import Extracted
from app.providers.records import Price, usd
from app.providers.requests import Media

MODEL = "glm-ocr"
PRICE = Price(input=usd("0.03"), cached=usd("0.03"), output=usd("0.03"))
MOST_BYTES = {
    "application/pdf": 50 * 1024 * 1024,
    "image/png": 10 * 1024 * 1024,
    "image/jpeg": 10 * 1024 * 1024,
}
MOST_PAGES = 100
MOST_PAGE_TOKENS = 20_000
"""In and out together, of a dense page; such a page has about 4,000 (developer.mittwald.de, GLM-OCR)."""


class GlmLayout:
    """See `Extraction`."""

    def __init__(self, connection: Connection) -> None:
        self.vendor = connection.vendor
        self._connection = connection

    def reads(self, document: Media) -> bool:
        """Whether the vendor takes it; see `Extraction.reads`."""
        return len(document.content) <= MOST_BYTES.get(document.media_type, -1)

    def most_cost(self, document: Media) -> int:
        """Return what the longest document of its type costs; see `Extraction.most_cost`."""
        pages = MOST_PAGES if document.media_type == "application/pdf" else 1
        return pages * MOST_PAGE_TOKENS * PRICE.most_input

    async def extract(self, document: Media, *, request_id: str) -> Extracted:
        """Return the text as Markdown; see `Extraction.extract`."""
        body = {
            "model": MODEL,
            # Bare, as with its vision models: a data URL is refused there.
            "file": base64.b64encode(document.content).decode("ascii"),
            "request_id": request_id,
        }
        async for attempt in retries.attempts():
            with attempt:
                answer = await self._connection.json("POST", "layout_parsing", body=body)
        text, counted = answer.get("md_results"), usage.read(answer)
        if not isinstance(text, str):
            reason = "the document has no text in it"
            raise self._connection.error(Kind.BROKEN, sentences.broken(self.vendor, reason))
        return Extracted(text, counted.cost(PRICE) if counted else self.most_cost(document))
