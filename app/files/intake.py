"""Takes files in: from arguments and uploads to records, each judged by its content and kept once."""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from app.files import kinds, names
from app.files.arguments import GivenFile
from app.files.errors import FileRefusedError, FilesAwayError, FileTooLargeError
from app.files.quota import Quota
from app.files.urls import Urls
from app.stores import FileStore, StoreUnavailableError
from app.stores.records import File

NO_PATHS = (
    "This server reads no paths, since they would be paths on its own machine. Either let the client start "
    "`exai-mcp stdio --url … --allow-root DIR`, which reads files within DIR where the client runs, or send "
    "the file as content or base64, or upload it by POST /files and give its id."
)


class FileLimits(Struct, frozen=True):
    """What files may take: bytes each, how many a call, and seconds one is kept that no thread names."""

    file_bytes: int
    files_per_call: int
    file_seconds: float


class Intake:
    """Makes records of what clients give, and keeps them where they may be kept."""

    def __init__(self, store: FileStore, urls: Urls, quota: Quota, limits: FileLimits) -> None:
        self.limits = limits
        self._quota = quota
        self._store = store
        self._urls = urls

    async def take(self, principal: str, given: Sequence[GivenFile], *, keep: bool) -> tuple[File, ...]:
        """Return the files of one call, each content once, in the order they were given.

        Raises:
            FileRefusedError: one is not taken; then none is kept.
            NotFoundError: an id is not that of a file of this principal.
        """
        most = self.limits.files_per_call
        if len(given) > most:
            raise FileRefusedError(
                f"{len(given)} files are more than the {most} that one call may bring: send less."
            )
        files: dict[str, File] = {}
        new: dict[str, File] = {}
        for number, one in enumerate(given, start=1):
            file = await self._one(principal, one, f"file {number}")
            if one.id is None and file.id not in files:
                new[file.id] = file
            files.setdefault(file.id, file)
        if keep:
            for file in new.values():
                await self._keep(file)
        return tuple(files.values())

    async def keep(self, principal: str, name: str, content: bytes) -> File:
        """Keep one uploaded file until it expires, and return it.

        Raises:
            FileRefusedError: it is too large, empty, or nothing that could be read.
        """
        return await self._keep(self._record(principal, names.shown(name), content))

    async def _keep(self, file: File) -> File:
        await self._quota.spend(file.principal, file.size)
        try:
            return await self._store.put_file(file)
        except StoreUnavailableError as error:
            raise FilesAwayError(f"{file.name!r} was not kept: {error}") from error

    async def _one(self, principal: str, given: GivenFile, called: str) -> File:
        if given.id is not None:
            return await self._store.file(principal, given.id)
        if given.path is not None:
            raise FileRefusedError(NO_PATHS)
        name = names.shown(given.name or called)
        if given.url is not None:
            path, content = await self._urls.fetched(given.url, most=self.limits.file_bytes)
            return self._record(principal, names.shown(given.name or path), content)
        if given.content is not None:
            return self._record(principal, name, given.content.encode())
        return self._record(principal, name, _decoded(name, given.base64 or ""))

    def _record(self, principal: str, name: str, content: bytes) -> File:
        if not content:
            raise FileRefusedError(f"{name!r} is empty: leave it out, or send its content.")
        if len(content) > self.limits.file_bytes:
            raise FileTooLargeError(
                f"{name!r} has {len(content):,} bytes, more than the {self.limits.file_bytes:,} a file may "
                f"have ([limits] file_bytes): send less of it."
            )
        kind = kinds.kind_of(content)
        if kind is None:
            raise FileRefusedError(
                f"{name!r} is nothing that could be read, going by its content: send {kinds.READABLE}."
            )
        if kind == kinds.TEXT:
            # Kept as UTF-8, whatever it came as: who shows it later need not ask.
            content = (kinds.as_text(content) or "").encode()
        now = datetime.now(UTC)
        return File(
            hashlib.sha256(content).hexdigest(),
            principal,
            name,
            kind,
            len(content),
            now,
            now + timedelta(seconds=self.limits.file_seconds),
            content,
        )


def _decoded(name: str, text: str) -> bytes:
    """Decode base64, with or without the beginning of a data URL; line breaks may stand in it."""
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise FileRefusedError(
            f"{name!r} is not base64: encode its bytes, or send text as content."
        ) from None
