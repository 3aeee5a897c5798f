"""Documents as text: read by a vendor once, and kept beside the document for whoever asks about it again."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

from app.files import kinds
from app.jobs.errors import RefusedError
from app.jobs.run import Run
from app.jobs.services import paid
from app.providers.errors import ProviderError
from app.providers.protocol import Extracted, Extraction
from app.providers.requests import Media
from app.stores import FileStore, NotFoundError
from app.stores.records import File
from app.threads.attachments import kind_of, reading_id

MAX_READINGS = 4
"""Documents that one call has read; those that were read before do not count."""

LONGEST_READING = 2_000_000
"""Characters of one document: twice what the largest model takes."""


class Readings:
    """Has documents read by the first vendor that can, and remembers what they say."""

    def __init__(self, store: FileStore, extractions: Sequence[Extraction], keep_seconds: float) -> None:
        self._store = store
        self._extractions = tuple(extractions)
        self._keep_seconds = keep_seconds

    async def read(
        self, run: Run, files: Sequence[File], kinds_read: Collection[str] = ("file",)
    ) -> dict[str, File]:
        """Return the text of each document among some files, by its reading's id.

        `kinds_read` adds what has to be seen to be read: `image`, for scans.

        Raises:
            RefusedError: one cannot be read, holds no text, or there are too many.
            ProviderError: every vendor failed on one.
        """
        readings: dict[str, File] = {}
        unread: list[File] = []
        for file in files:
            if kind_of(file.media_type) not in kinds_read:
                continue
            try:
                reading = await self._store.file(file.principal, reading_id(file.id))
            except NotFoundError:
                unread.append(file)
            else:
                readings[reading.id] = reading
        if len(unread) > MAX_READINGS:
            raise RefusedError(
                f"{len(unread)} documents would have to be read, and one call has at most {MAX_READINGS} "
                f"read: send less, or have them read one after the other by `documents`."
            )
        for file in unread:
            reading = await self._kept(run, file, await self._text(run, file))
            readings[reading.id] = reading
        return readings

    async def _kept(self, run: Run, file: File, text: str) -> File:
        content, now = text.encode(), datetime.now(UTC)
        reading = File(
            reading_id(file.id),
            file.principal,
            file.name,
            kinds.TEXT,
            len(content),
            now,
            now + timedelta(seconds=self._keep_seconds),
            content,
        )
        if not run.order.no_store:
            await self._store.put_file(reading)
        return reading

    async def _text(self, run: Run, file: File) -> str:
        if not self._extractions:
            raise RefusedError(
                f"{file.name!r} is a document, and reading it needs a vendor's key: set KIMI_API_KEY or "
                "GLM_API_KEY, or send its text."
            )
        name, media_type = kinds.as_document(file.name, file.media_type)
        document = Media(media_type, file.content or b"", name)
        run.now(f"reading {file.name}")
        text = ""
        able = [extraction for extraction in self._extractions if extraction.reads(document)]
        if not able:
            raise RefusedError(
                f"No vendor with a key reads {file.name!r} ({file.media_type}, {file.size:,} bytes): send "
                "its text."
            )
        for extraction in able:

            async def extract(request_id: str, extraction: Extraction = extraction) -> Extracted:
                return await extraction.extract(document, request_id=request_id)

            try:
                read = await paid(
                    run,
                    vendor=extraction.vendor.id,
                    service="extraction",
                    most_cost=extraction.most_cost(document),
                    work=extract,
                )
                text = read.text
                break
            except ProviderError as error:
                if not error.kind.elsewhere or extraction is able[-1]:
                    raise
                run.notes.append(f"{file.name} was read by another vendor: {error}")
        if not text.strip():
            raise RefusedError(f"No text was found in {file.name!r}: send its pages as images instead.")
        if len(text) > LONGEST_READING:
            raise RefusedError(
                f"{file.name!r} has {len(text):,} characters of text, more than {LONGEST_READING:,}: split "
                f"it."
            )
        return text.replace("\0", "")
