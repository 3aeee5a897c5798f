"""Requests to one vendor with one key, and everything that goes wrong with them as one typed error."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx
import orjson

from app.providers import http_client, sentences
from app.providers.errors import Kind, ProviderError
from app.providers.records import Model, Vendor
from app.providers.refusals import Refusal, is_error
from app.settings import Secret

MOST_ERROR_BYTES = 64 * 1024
"""Of a body that is no answer; the rest is not read."""
MOST_JSON_BYTES = 64 * 1024 * 1024
"""Of an answer that comes whole: the text of a document."""

TRACE = "trace"
"""The extension of httpcore by which it tells of its steps."""

_JSON = "application/json"


Leave = Callable[[], Awaitable[None]]
"""Returns when a request may leave; raises what forbids it."""


class Gate:
    """Holds a request back when everything but its sending is done, its connection made and taken.

    httpcore tells a `trace` of each step before it takes it, and waits for it
    (https://www.encode.io/httpcore/extensions/#trace). Whatever is no step of connecting comes after leave
    was given; a connection whose request may not leave is closed.
    """

    def __init__(self, leave: Leave, extensions: dict[str, Any]) -> None:
        self.passed = False
        self._leave = leave
        self._extensions = extensions

    async def __call__(self, step: str, _: Mapping[str, Any]) -> None:
        """Hear of a step; once asked nothing more need be heard, of sending or of closing."""
        if not step.startswith("connection.") and self._extensions.pop(TRACE, None) is self:
            await self._leave()
            self.passed = True


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
        self._client = http_client.client(key, trusted or http_client.trust(), read_seconds)

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    def address(self, path: str) -> httpx.URL:
        """Return where a path is; made once where it is asked for often."""
        return httpx.URL(f"{self.url}/{path}")

    def built(self, address: httpx.URL, body: Mapping[str, Any], leave: Leave | None = None) -> httpx.Request:
        """Return a request whose answer comes in pieces; it is sent when `leave` lets it."""
        headers = {"Content-Type": _JSON, "Accept": "text/event-stream"}
        built = self._client.build_request("POST", address, content=orjson.dumps(body), headers=headers)
        if leave is not None:
            built.extensions[TRACE] = Gate(leave, built.extensions)
        return built

    @asynccontextmanager
    async def stream(self, built: httpx.Request, model: Model | None) -> AsyncIterator[httpx.Response]:
        """Send a request; yields the response, to be read in pieces, once the vendor has accepted.

        Raises:
            ProviderError: it refused, cannot be reached, or failed while the block reads.
        """
        gate = built.extensions.get(TRACE)
        with self._translating():
            response = await self._client.send(built, stream=True)
            try:
                if gate is not None and not gate.passed:
                    raise RuntimeError("a request left without having asked")
                if response.status_code != httpx.codes.OK:
                    content = await beginning(response)
                    raise self.refusal(response.status_code, response.headers, content, model)
                yield response
            finally:
                await response.aclose()

    async def json(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        model: Model | None = None,
        **multipart: Any,
    ) -> dict[str, Any]:
        """Make a request whose answer is one JSON object; `multipart` is httpx's `files` and `data`.

        Raises:
            ProviderError: there is no such answer.
        """
        if body is not None:
            multipart = {"content": orjson.dumps(body), "headers": {"Content-Type": _JSON}}
        content = await self.read(method, path, model=model, **multipart)
        try:
            found = orjson.loads(content)
        except orjson.JSONDecodeError:
            raise self.error(Kind.BROKEN, sentences.broken(self.vendor, "it is not JSON")) from None
        if not isinstance(found, dict):
            raise self.error(Kind.BROKEN, sentences.broken(self.vendor, "it is not a JSON object"))
        if is_error(found):
            raise self.refusal(httpx.codes.OK, {}, content, model)
        return found

    async def read(self, method: str, path: str, *, model: Model | None = None, **request: Any) -> bytes:
        """Make a request and return its whole answer, at most MOST_JSON_BYTES of it.

        Raises:
            ProviderError: it was refused, or did not come whole.
        """
        content = bytearray()
        built = self._client.build_request(method, f"{self.url}/{path}", **request)
        async with self.stream(built, model) as response:
            async for piece in response.aiter_bytes():
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

    @contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except httpx.HTTPError as error:
            raise self._translated(error) from error

    def _translated(self, error: httpx.HTTPError) -> ProviderError:
        """Say what an error of httpx means; whether the whole request was sent decides what may be owed."""
        vendor = self.vendor
        match error:
            case httpx.ReadTimeout():
                return self.error(Kind.TIMEOUT, sentences.silent(vendor, self._read_seconds))
            case httpx.ConnectTimeout():
                reason = f"no connection within {http_client.CONNECT_SECONDS:g} s"
            case httpx.PoolTimeout():
                reason = f"all {http_client.MOST_CONNECTIONS} connections are in use"
            case httpx.ProxyError():
                reason = f"the proxy refuses: {self._mask(str(error))}"
            case httpx.ConnectError():
                reason = _reason(error)
            case httpx.WriteTimeout() | httpx.WriteError():
                reason = "the request could not be sent whole"
            case httpx.UnsupportedProtocol() | httpx.LocalProtocolError():
                return self.error(Kind.REQUEST, sentences.not_the_api(vendor, "no such request", self.url))
            case httpx.DecodingError():
                return self.error(Kind.BROKEN, sentences.broken(vendor, "it cannot be decompressed"))
            case _:
                # Sent whole and then cut: the vendor may have worked, and may charge for it.
                return self.error(Kind.CUT, sentences.cut(vendor))
        return self.error(Kind.UNREACHABLE, sentences.unreachable(vendor, reason, self.url))

    def _mask(self, text: str) -> str:
        return text.replace(self._key.reveal(), "***")


async def beginning(response: httpx.Response) -> bytes:
    """Read the body of a response that is no answer, at most MOST_ERROR_BYTES of it."""
    content = bytearray()
    async for piece in response.aiter_bytes():
        content += piece
        if len(content) >= MOST_ERROR_BYTES:
            break
    return bytes(content[:MOST_ERROR_BYTES])


def _reason(error: httpx.ConnectError) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted: {cause.verify_message}; set SSL_CERT_FILE to your CA"
        cause = cause.__cause__ or cause.__context__
    return str(error) or "no connection"
