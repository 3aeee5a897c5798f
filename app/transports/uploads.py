"""`POST /files`: one file a request, as the body itself or as a part of a form; answered with its id.

The file belongs to the client whose token came with it, is named by its content, and expires unless a
thread comes to name it. Whatever the request claims about its type is not looked at.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol
from urllib.parse import unquote

import aiohttp
import orjson
from aiohttp import hdrs, web

from app.contract import FILES_PATH
from app.files.errors import FileRefusedError, FileTooLargeError, QuotaError
from app.transports.body import BodyRefused, read_body
from app.transports.guard import PRINCIPAL, cors
from app.transports.refusals import refuse

MAX_FILE_BYTES = 20 * 1024 * 1024
UPLOAD_SECONDS = 60.0
UPLOADS_AT_ONCE = 4
"""Bodies read at once: each is in memory until it is kept."""

RETRY_SECONDS = "2"
READ_BYTES = 64 * 1024
MOST_PARTS = 16
"""Parts of a form that are looked through for the file."""

NAME = "name"
"""The query parameter that names a body which has no name of its own."""


class Kept(Protocol):
    """A file as it was kept."""

    @property
    def id(self) -> str:
        """SHA-256 of its content in hex."""

    @property
    def name(self) -> str:
        """Its name as it is shown."""

    @property
    def size(self) -> int:
        """Bytes."""

    @property
    def media_type(self) -> str:
        """Its type, by its content."""

    @property
    def expires(self) -> datetime | None:
        """When it is removed; None while a thread names it."""


Keep = Callable[[str, str, bytes], Awaitable[Kept]]
"""Given (principal, name, content), keeps the file; raises FileRefusedError."""


class Uploads:
    """Takes files over HTTP and has them kept; while the server is `draining` it takes no more."""

    def __init__(
        self,
        keep: Keep,
        *,
        max_file_bytes: int = MAX_FILE_BYTES,
        upload_seconds: float = UPLOAD_SECONDS,
        at_once: int = UPLOADS_AT_ONCE,
        draining: Callable[[], bool] = lambda: False,
    ) -> None:
        self._keep = keep
        self._max_bytes = max_file_bytes
        self._seconds = upload_seconds
        self._at_once = at_once
        self._reading = 0
        self._draining = draining

    @property
    def in_flight(self) -> int:
        """How many uploads are being read or kept."""
        return self._reading

    def routes(self) -> list[web.RouteDef]:
        """Return the route of this transport."""
        return [web.post(FILES_PATH, self._post)]

    async def _post(self, request: web.Request) -> web.StreamResponse:
        if self._draining():
            return self._busy("The server is shutting down and kept nothing: send the file again shortly.")
        if self._reading >= self._at_once:
            return self._busy(f"{self._at_once} uploads are being read; nothing was kept, try again shortly.")
        self._reading += 1
        try:
            name, content = await self._file(request)
            kept = await self._keep(request[PRINCIPAL], name, content)
        except BodyRefused as error:
            return refuse(error.status, error.sentence)
        except QuotaError as error:
            return refuse(error.status, str(error), {hdrs.RETRY_AFTER: str(error.seconds)})
        except FileRefusedError as error:
            return refuse(error.status, str(error))
        finally:
            self._reading -= 1
        facts = {
            "id": kept.id,
            "name": kept.name,
            "size": kept.size,
            "media_type": kept.media_type,
            "expires": None if kept.expires is None else kept.expires.isoformat(timespec="seconds"),
        }
        return web.Response(
            status=201, body=orjson.dumps(facts), content_type="application/json", headers=cors(request)
        )

    async def _file(self, request: web.Request) -> tuple[str, bytes]:
        """Read the file and its name, whichever way it came."""
        if request.content_type == "multipart/form-data":
            try:
                async with asyncio.timeout(self._seconds):
                    return await self._part(request)
            except TimeoutError:
                raise BodyRefused(
                    408, f"The file took longer than {self._seconds:g} s; send it faster."
                ) from None
        if request.content_type.startswith("multipart/"):
            raise BodyRefused(415, "Send the file as multipart/form-data, or as the body itself.")
        content = await read_body(request, self._max_bytes, self._seconds)
        return request.query.get(NAME, ""), content

    async def _part(self, request: web.Request) -> tuple[str, bytes]:
        """Return the first part of a form that is a file."""
        try:
            reader = aiohttp.MultipartReader(request.headers, request.content)
            for _ in range(MOST_PARTS):
                part = await reader.next()
                if part is None:
                    break
                if isinstance(part, aiohttp.BodyPartReader) and part.filename is not None:
                    return unquote(part.filename), await self._content(part)
        except (ValueError, AssertionError, LookupError) as error:
            raise BodyRefused(400, "The form cannot be read: send it as multipart/form-data.") from error
        raise BodyRefused(400, "The form holds no file: send one part with a file name.")

    async def _content(self, part: aiohttp.BodyPartReader) -> bytes:
        parts: list[bytes] = []
        size = 0
        while piece := await part.read_chunk(READ_BYTES):
            size += len(piece)
            if size > self._max_bytes:
                raise FileTooLargeError(
                    f"The file is larger than the {self._max_bytes:,} bytes a file may have "
                    "([limits] file_bytes): send less of it."
                )
            parts.append(bytes(piece))
        return b"".join(parts)

    @staticmethod
    def _busy(sentence: str) -> web.Response:
        return refuse(503, sentence, {hdrs.RETRY_AFTER: RETRY_SECONDS})
