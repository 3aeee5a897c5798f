"""Fetches over HTTPS from public addresses only, directly: through a proxy nobody could tell where it ends.

Names are resolved here, and the connection goes to the very addresses that were judged.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from app.files.errors import FileRefusedError
from app.files.urls import Address, is_public

FETCH_SECONDS = 20.0
"""For one GET, from the resolution of the name to the last byte."""

REDIRECTS = frozenset({301, 302, 303, 307, 308})
READ_BYTES = 64 * 1024


class PublicResolver(AbstractResolver):
    """Resolves names, and leaves out what is not public."""

    def __init__(self, inner: AbstractResolver, permits: Callable[[Address], bool]) -> None:
        self._inner = inner
        self._permits = permits

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a name, all of which must be public.

        Raises:
            FileRefusedError: one is not; then the name is not used at all.
        """
        found = await self._inner.resolve(host, port, family)
        if not all(self._permits(ipaddress.ip_address(each["host"])) for each in found):
            raise _inside(host)
        return found

    async def close(self) -> None:
        """Release what the inner resolver holds."""
        await self._inner.close()


class HttpsFetch:
    """The `Fetch` of the server; `permits` judges addresses, `resolver` finds them, `tls` whom to trust."""

    def __init__(
        self,
        *,
        resolver: Callable[[], AbstractResolver] = ThreadedResolver,
        permits: Callable[[Address], bool] = is_public,
        tls: Callable[[], ssl.SSLContext] = ssl.create_default_context,
    ) -> None:
        self._resolver = resolver
        self._permits = permits
        self._make_tls = tls
        self._tls: ssl.SSLContext | None = None

    async def get(self, url: str, *, most: int) -> tuple[bytes, str | None]:
        """Make one GET; see the Protocol."""
        target = URL(url)
        self._judge_literal(target.host or "")
        if self._tls is None:
            # Once it is needed: it reads every certificate this machine trusts.
            self._tls = await asyncio.to_thread(self._make_tls)
        try:
            async with (
                asyncio.timeout(FETCH_SECONDS),
                self._session(self._tls) as http,
                http.get(target, allow_redirects=False) as answer,
            ):
                if answer.status in REDIRECTS and "Location" in answer.headers:
                    return b"", answer.headers["Location"]
                if answer.status != 200:
                    raise FileRefusedError(
                        f"The URL answered {answer.status}: correct it, or send the content."
                    )
                return await _read(answer, most), None
        except TimeoutError as error:
            raise FileRefusedError(
                f"The URL did not answer within {FETCH_SECONDS:g} s: try again."
            ) from error
        except (aiohttp.ClientError, OSError) as error:
            raise FileRefusedError(
                "The URL's host cannot be reached: correct the URL, or try again."
            ) from error

    def _judge_literal(self, host: str) -> None:
        """An address in place of a name is never resolved, so it is judged here."""
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return
        if not self._permits(address):
            raise _inside(host)

    @asynccontextmanager
    async def _session(self, tls: ssl.SSLContext) -> AsyncIterator[aiohttp.ClientSession]:
        connector = aiohttp.TCPConnector(
            resolver=PublicResolver(self._resolver(), self._permits), ssl=tls, use_dns_cache=False
        )
        # Nothing of ours travels along: no cookies, no proxy, no credentials of a .netrc.
        async with aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
        ) as session:
            yield session


async def _read(answer: aiohttp.ClientResponse, most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in answer.content.iter_chunked(READ_BYTES):
        size += len(part)
        if size > most:
            raise FileRefusedError(
                f"The URL's file is larger than {most:,} bytes ([limits] file_bytes): send less."
            )
        parts.append(part)
    return b"".join(parts)


def _inside(host: str) -> FileRefusedError:
    return FileRefusedError(f"The URL was not fetched because {host!r:.80} is not on the public Internet.")
