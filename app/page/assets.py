"""Style sheets, scripts and the icon as they lie here: read once, compressed once, named by content.

The name of their folder changes when any of them does, so a browser keeps them for good.
"""

import asyncio
import gzip
import hashlib
import mimetypes
from pathlib import Path

from aiohttp import hdrs, web
from msgspec import Struct

from app.contract import STATUS_PATH
from app.page.answers import HEADERS, refusal

FOLDER = Path(__file__).parent / "static"
SERVED = (".css", ".js", ".svg")
FOREVER = "public, max-age=31536000, immutable"
_DIGEST_DIGITS = 16


class Asset(Struct, frozen=True):
    """One file, plain and compressed."""

    plain: bytes
    compressed: bytes
    content_type: str
    tag: str


class Assets:
    """The files of the page, loaded when the first browser asks."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._files: dict[str, Asset] = {}
        self._digest = ""
        self._loading = asyncio.Lock()

    async def base(self) -> str:
        """Return the path below which they are served now."""
        async with self._loading:
            if not self._digest:
                self._files, self._digest = await asyncio.to_thread(_load, self._folder)
        return f"{STATUS_PATH}/assets/{self._digest}"

    async def names(self, suffix: str) -> list[str]:
        """Return the names of one kind, in order."""
        await self.base()
        return sorted(name for name in self._files if name.endswith(suffix))

    async def serve(self, request: web.Request) -> web.Response:
        """Answer with one file; an old folder's name leads to the present content, which is not kept then."""
        await self.base()
        asset = self._files.get(request.match_info["name"])
        if asset is None:
            return refusal(404, "There is no such file; load the page again.")
        current = request.match_info["digest"] == self._digest
        headers = {
            **HEADERS,
            hdrs.CACHE_CONTROL: FOREVER if current else "no-cache",
            hdrs.ETAG: f'"{asset.tag}"',
            hdrs.VARY: hdrs.ACCEPT_ENCODING,
        }
        if asset.tag in request.headers.get(hdrs.IF_NONE_MATCH, ""):
            return web.Response(status=304, headers=headers)
        packed = "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, "")
        if packed:
            headers[hdrs.CONTENT_ENCODING] = "gzip"
        return web.Response(
            body=asset.compressed if packed else asset.plain,
            content_type=asset.content_type,
            charset="utf-8",
            headers=headers,
        )


def _load(folder: Path) -> tuple[dict[str, Asset], str]:
    files = {}
    whole = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in SERVED:
            plain = path.read_bytes()
            whole.update(path.name.encode() + b"\0" + plain)
            # The stamp in the header would make two replicas disagree about the same file.
            compressed = gzip.compress(plain, mtime=0)
            kind = mimetypes.types_map.get(path.suffix, "application/octet-stream")
            files[path.name] = Asset(plain, compressed, kind, hashlib.sha256(plain).hexdigest()[:32])
    return files, whole.hexdigest()[:_DIGEST_DIGITS]
