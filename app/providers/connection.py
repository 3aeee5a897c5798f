"""Requests to one vendor with one key, and everything that goes wrong with them as one typed error."""

import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from http import HTTPStatus
from typing import Any

import aiohttp
import orjson
from aiohttp.http_exceptions import ContentEncodingError
from yarl import URL

from app.providers import http_client, sentences
from app.providers.body import Body, Leave
from app.providers.errors import Kind, ProviderError
from app.providers.records import Model, Vendor
from app.providers.refusals import Refusal, is_error
from app.settings import Secret

MOST_ERROR_BYTES = 64 * 1024
"""Of a body that is no answer; the rest is not read."""
MOST_JSON_BYTES = 64 * 1024 * 1024
"""Of an answer that comes whole: the text of a document."""

_JSON = "application/json"
_STREAM = {"Accept": "text/event-stream"}


class Connection:
    """One vendor at one address; the key shows in no representation and no error."""

    def __init__(
        self,
        vendor: Vendor,
        url: str,
        key: Secret,
        *,
        known: str = "",
        trusted: ssl.SSLContext | None = None,
        read_seconds: float = http_client.READ_SECONDS,
    ) -> None:
        self.vendor = vendor
        self.url = url.rstrip("/")
        self._key = key
        self._known = known
        self._read_seconds = read_seconds
        self._trusted = trusted or http_client.trust()
        self._proxy = http_client.proxy(url)
        self._session: aiohttp.ClientSession | None = None
        self._reading: set[aiohttp.StreamReader] = set()

    async def close(self) -> None:
        """Close every connection; whoever reads an answer is told."""
        for content in self._reading:
            content.set_exception(aiohttp.ClientConnectionError("closed"))  # aiohttp itself tells nobody
        if self._session is not None:
            await self._session.close()

    def address(self, path: str) -> URL:
        """Return where a path is; made once where it is asked for often."""
        return URL(f"{self.url}/{path}")

    def stream(
        self, address: URL, body: Mapping[str, Any], model: Model | None, leave: Leave | None = None
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """Post a request when `leave` lets it; yields the response, to be read in pieces, once accepted.

        Raises:
            ProviderError: it was refused, cannot be reached, or failed while the block reads.
        """
        return self._accepted("POST", address, Body(orjson.dumps(body), _JSON, leave), model, _STREAM)

    async def json(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | Body | None = None,
        model: Model | None = None,
    ) -> dict[str, Any]:
        """Make a request whose answer is one JSON object; so is its body, unless it is ready to be sent.

        Raises:
            ProviderError: there is no such answer.
        """
        if isinstance(body, Mapping):
            body = Body(orjson.dumps(body), _JSON)
        content = await self.read(method, path, body=body, model=model)
        try:
            found = orjson.loads(content)
        except orjson.JSONDecodeError:
            raise self.error(Kind.BROKEN, sentences.broken(self.vendor, "it is not JSON")) from None
        if not isinstance(found, dict):
            raise self.error(Kind.BROKEN, sentences.broken(self.vendor, "it is not a JSON object"))
        if is_error(found):
            raise self.refusal(HTTPStatus.OK, {}, content, model)
        return found

    async def read(
        self, method: str, path: str, *, body: Body | None = None, model: Model | None = None
    ) -> bytes:
        """Make a request and return its whole answer, at most MOST_JSON_BYTES of it.

        Raises:
            ProviderError: it was refused, or did not come whole.
        """
        content = bytearray()
        async with self._accepted(method, self.address(path), body, model, {}) as response:
            async for piece in response.content.iter_any():
                content += piece
                if len(content) > MOST_JSON_BYTES:
                    raise self.error(Kind.CUT, sentences.too_large(self.vendor, MOST_JSON_BYTES))
        return bytes(content)

    def refusal(
        self, status: int, headers: Mapping[str, str], content: bytes, model: Model | None
    ) -> ProviderError:
        """Classify what came in place of an answer."""
        known = self._known
        return Refusal(self.vendor, self.url, model, known, status, headers, content, self._mask).error()

    def error(self, kind: Kind, sentence: str) -> ProviderError:
        """Make an error of this vendor."""
        return ProviderError(kind, sentence, vendor=self.vendor.id)

    @asynccontextmanager
    async def _accepted(
        self, method: str, address: URL, body: Body | None, model: Model | None, headers: Mapping[str, str]
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request; yields the response once the vendor has accepted."""
        if self._session is None:
            self._session = http_client.session(self._key, self._trusted, self._read_seconds)
        with self._translating(body):
            try:
                # A redirect is not followed: the key goes to the configured address only.
                response = await self._session.request(
                    method, address, data=body, headers=headers, proxy=self._proxy, allow_redirects=False
                )
            except aiohttp.ClientConnectorError:
                raise  # that of a certificate is a ValueError too
            except ValueError:
                sentence = sentences.not_the_api(self.vendor, "no request can go there", self.url)
                raise self.error(Kind.REQUEST, sentence) from None
            self._reading.add(response.content)
            try:
                if body is not None and not body.left:
                    raise aiohttp.ServerDisconnectedError("an answer before the request")
                if response.status != HTTPStatus.OK:
                    content = await beginning(response)
                    raise self.refusal(response.status, response.headers, content, model)
                yield response
            finally:
                self._reading.discard(response.content)
                # One that was read to its end has given its connection back already.
                response.close()

    @contextmanager
    def _translating(self, body: Body | None) -> Iterator[None]:
        try:
            yield
        except aiohttp.ClientError as error:
            if body is not None and body.forbidden is not None:
                raise body.forbidden from None
            # The address of a proxy may hold a password.
            cause = None if isinstance(error, aiohttp.ClientHttpProxyError) else error
            raise self._translated(error, body) from cause

    def _translated(self, error: aiohttp.ClientError, body: Body | None) -> ProviderError:
        """Say what an error of aiohttp means; whether the whole request was sent decides what may be owed."""
        vendor = self.vendor
        match error:
            case aiohttp.SocketTimeoutError():
                return self.error(Kind.TIMEOUT, sentences.silent(vendor, self._read_seconds))
            case aiohttp.ConnectionTimeoutError():
                reason = f"no connection within {http_client.CONNECT_SECONDS:g} s"
            case aiohttp.ClientHttpProxyError():
                reason = f"the proxy refuses: {error.status} {self._mask(error.message)}"
            case aiohttp.ClientConnectorCertificateError():
                fault = getattr(error.certificate_error, "verify_message", error.certificate_error)
                reason = f"its certificate is not trusted: {fault}; set SSL_CERT_FILE to your CA"
            case aiohttp.ClientConnectorError():
                reason = error.strerror or "no connection"
            case aiohttp.ClientPayloadError(__cause__=ContentEncodingError()):
                return self.error(Kind.BROKEN, sentences.broken(vendor, "it cannot be decompressed"))
            case _ if body is None or body.whole:
                # Sent whole and then cut: the vendor may have worked, and may charge for it.
                return self.error(Kind.CUT, sentences.cut(vendor))
            case _:
                reason = "the request could not be sent whole"
        return self.error(Kind.UNREACHABLE, sentences.unreachable(vendor, reason, self.url))

    def _mask(self, text: str) -> str:
        return text.replace(self._key.reveal(), "***")


async def beginning(response: aiohttp.ClientResponse) -> bytes:
    """Read the body of a response that is no answer, at most MOST_ERROR_BYTES of it."""
    content = bytearray()
    async for piece in response.content.iter_any():
        content += piece
        if len(content) >= MOST_ERROR_BYTES:
            break
    return bytes(content[:MOST_ERROR_BYTES])
