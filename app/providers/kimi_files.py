"""Kimi's reading of documents: upload, take the extracted text, and delete, whatever happens between.

An account keeps 1,000 files; one that is forgotten at each failure is full one day (platform.kimi.ai, files).
The name that travels is ours: the document's own may say more than its owner wants the vendor to know.
"""

import asyncio
from pathlib import PurePosixPath

import orjson
import structlog

from app.providers import retries, sentences
from app.providers.body import Body, form
from app.providers.connection import Connection
from app.providers.errors import Kind, ProviderError
from app.providers.protocol import Extracted
from app.providers.requests import Media

MOST_BYTES = 100 * 1024 * 1024
ENDINGS = {
    "application/pdf": "pdf",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.ms-powerpoint": "ppt",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/epub+zip": "epub",
    "image/png": "png",
    "image/jpeg": "jpeg",
    "image/gif": "gif",
    "image/bmp": "bmp",
    "image/webp": "webp",
}
"""What the vendor extracts text from, and the ending it knows each type by."""

TIDY_SECONDS = 60.0
"""How long an upload may still take, and its deletion, once nobody waits for the text."""
CLOSE_SECONDS = 10.0
"""How long the server waits for deletions when it stops."""

log = structlog.get_logger(__name__)


class KimiFiles:
    """See `Extraction`; the vendor charges nothing for it."""

    def __init__(self, connection: Connection) -> None:
        self.vendor = connection.vendor
        self._connection = connection
        self._tidying: set[asyncio.Task[None]] = set()

    def reads(self, document: Media) -> bool:
        """Whether the vendor takes it; see `Extraction.reads`."""
        return _ending(document) is not None and len(document.content) <= MOST_BYTES

    def most_cost(self, document: Media) -> int:
        """Nothing; see `Extraction.most_cost`."""
        del document
        return 0

    async def extract(self, document: Media, *, request_id: str) -> Extracted:
        """Return the text; see `Extraction.extract`."""
        upload = asyncio.create_task(self._upload(document, request_id), name="kimi-upload")
        try:
            # Shielded: only who knows the id of what was uploaded can delete it.
            file = await asyncio.shield(upload)
            text = await self._content(file)
        finally:
            tidy = asyncio.create_task(self._tidy(upload), name="kimi-tidy")
            self._tidying.add(tidy)
            tidy.add_done_callback(self._tidying.discard)
            # A caller that was cancelled does not wait; the task goes on without it.
            await asyncio.shield(tidy)
        return Extracted(text, 0)

    async def close(self) -> None:
        """Wait, within a bound, until nothing of ours is left at the vendor."""
        if self._tidying:
            await asyncio.wait(self._tidying, timeout=CLOSE_SECONDS)

    async def _upload(self, document: Media, request_id: str) -> str:
        name = f"exai-{request_id}.{_ending(document)}"
        file, fields = Body(document.content, document.media_type), {"purpose": "file-extract"}
        async for attempt in retries.attempts():
            with attempt:
                answer = await self._connection.json("POST", "files", body=await form(fields, file, name))
        uploaded = answer.get("id")
        if not isinstance(uploaded, str) or not uploaded:
            raise self._broken("the upload has no id")
        return uploaded

    async def _content(self, file: str) -> str:
        async for attempt in retries.attempts():
            with attempt:
                content = await self._connection.read("GET", f"files/{file}/content")
        # JSON that holds the text in one field; an older form of the endpoint answers with the text itself.
        try:
            found = orjson.loads(content)
        except orjson.JSONDecodeError:
            return content.decode("utf-8", "replace")
        text = found.get("content") if isinstance(found, dict) else None
        if not isinstance(text, str):
            raise self._broken("the extract has no content")
        return text

    async def _tidy(self, upload: "asyncio.Task[str]") -> None:
        """Delete what was uploaded, or is about to be."""
        try:
            async with asyncio.timeout(TIDY_SECONDS):
                file = await upload
                async for attempt in retries.attempts():
                    with attempt:
                        await self._connection.read("DELETE", f"files/{file}")
        except (ProviderError, TimeoutError) as error:
            if not upload.done() or upload.cancelled() or upload.exception() is None:
                log.warning("a file may be left at Kimi: delete it there", reason=str(error))

    def _broken(self, reason: str) -> ProviderError:
        return self._connection.error(Kind.BROKEN, sentences.broken(self.vendor, reason))


def _ending(document: Media) -> str | None:
    kind = document.media_type.partition(";")[0].strip().lower()
    own = PurePosixPath(document.name.lower()).suffix.removeprefix(".")
    return ENDINGS.get(kind) or (
        own if kind == "application/octet-stream" and own in ENDINGS.values() else None
    )
