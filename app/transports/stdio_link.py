"""One connection of the bridge to the server: opening it, and what was asked over it and not answered.

LinkError
├── Unreachable     nobody there, or busy starting and stopping: try again
└── Refused         a wrong token or address: trying again would not help
"""

import asyncio
import contextlib
import ipaddress
import ssl
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus

import aiohttp
from yarl import URL

from app.contract import FILES_PATH
from app.protocol.envelopes import RequestId
from app.transports.stdio_files import LocalFileError

SUBPROTOCOL = "mcp"
CONNECT_SECONDS = 10.0
"""For one attempt, the upgrade included."""

HEARTBEAT_SECONDS = 20.0
"""How often a silent server is pinged; one that does not answer within half of it is gone."""

UPLOAD_SECONDS = 120.0
"""For one file, the server's answer included."""

CLOSE_SECONDS = 2.0
"""How long the server may take to answer our close frame."""

MAX_FRAME_BYTES = 64 * 1024 * 1024
"""The largest frame taken from the server; it bounds memory, the server's own limit is lower."""

KEPT_BYTES = 16 * 1024 * 1024
"""Lines kept on one connection, to be sent again if the server says that it did not run them."""

MAX_ASKED = 1024
"""Questions of the server to the client that are remembered on one connection."""

TRY_AGAIN = frozenset({408, 429, 500, 502, 503, 504})
"""Answers to the upgrade that pass: starting, draining, a balancer without a server, throttled."""

Socket = aiohttp.ClientWebSocketResponse[bool]


class LinkError(Exception):
    """The server cannot be used; one sentence says what, why and what to do."""


class Unreachable(LinkError):  # noqa: N818 - a state, not a defect
    """No server answers there now."""


class Refused(LinkError):  # noqa: N818 - a verdict, not a defect
    """The server, or the address, is not one that will ever serve this bridge."""


class Link:
    """One open connection, and what was asked over it in either direction and is not answered.

    `requests` holds the client's, by id, each with its line where that is kept to be sent again;
    `asked` the server's own. `left` says that nothing new should be sent over it.
    """

    def __init__(self, socket: Socket) -> None:
        self.socket = socket
        self.requests: dict[RequestId, bytes | None] = {}
        self.asked: dict[RequestId, None] = {}
        self.left = False
        self._lasting: set[RequestId] = set()
        self._kept_bytes = 0

    @property
    def pending(self) -> int:
        """How many requests somebody waits for; streams that last as long as the link do not count."""
        return len(self.requests) - len(self._lasting)

    def sent(self, request_id: RequestId, line: bytes | None, *, lasting: bool) -> None:
        """Note a request of the client; its line is kept while there is room."""
        if line is not None and self._kept_bytes + len(line) > KEPT_BYTES:
            line = None
        self._kept_bytes += len(line or b"")
        self.requests[request_id] = line
        if lasting:
            self._lasting.add(request_id)

    def answered(self, request_id: RequestId) -> bytes | None:
        """Forget a request of the client; returns its line if that was kept."""
        line = self.requests.pop(request_id, None)
        self._lasting.discard(request_id)
        self._kept_bytes -= len(line or b"")
        return line

    def was_asked(self, request_id: RequestId) -> None:
        """Note a request of the server; the oldest gives way when they are too many."""
        self.asked[request_id] = None
        if len(self.asked) > MAX_ASKED:
            del self.asked[next(iter(self.asked))]

    async def send(self, line: bytes) -> None:
        """Send one message; waits while the server reads slowly.

        Raises:
            ConnectionError: the connection is gone; the message may have been sent.
        """
        await self.socket.send_frame(line, aiohttp.WSMsgType.TEXT)

    def end(self) -> str:
        """Tell, for a sentence, how the connection ended."""
        code = self.socket.close_code
        return f"close code {code}" if code and code != aiohttp.WSCloseCode.ABNORMAL_CLOSURE else "it broke"


class Server:
    """Where the server is and how it is opened; `token` is read anew for each connection."""

    def __init__(self, url: URL, http: aiohttp.ClientSession, token: Callable[[], str | None]) -> None:
        self.url = url
        self._http = http
        self._token = token
        self._proxy = proxy_for(url)

    async def open(self) -> Link:
        """Connect.

        Raises:
            Unreachable: there may be a server later.
            Refused: there will not.
        """
        try:
            token = self._token()
        except (OSError, ValueError) as error:
            raise Unreachable(f"the token file cannot be read ({error})") from error
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                socket = await self._http.ws_connect(
                    self.url,
                    protocols=(SUBPROTOCOL,),
                    headers={"Authorization": f"Bearer {token}"} if token else None,
                    heartbeat=HEARTBEAT_SECONDS,
                    timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_SECONDS),
                    max_msg_size=MAX_FRAME_BYTES,
                    decode_text=False,
                    proxy=self._proxy,
                )
        except aiohttp.WSServerHandshakeError as error:
            raise verdict(self.url, error.status) from error
        except (aiohttp.ClientConnectorCertificateError, ssl.SSLError) as error:
            raise Refused(
                f"The certificate of {self.url} is not trusted ({error}): "
                "set SSL_CERT_FILE to its authority's."
            ) from error
        except TimeoutError as error:
            raise Unreachable(f"{self.url} did not answer within {CONNECT_SECONDS:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise Unreachable(f"{self.url} cannot be reached ({error})") from error
        return Link(socket)

    async def upload(self, name: str, content: bytes) -> str:
        """Send a file and return the id that it has there; none of the connections is used.

        Raises:
            LocalFileError: the server did not take it.
        """
        url = self.url.with_scheme("https" if self.url.scheme == "wss" else "http").with_path(FILES_PATH)
        try:
            token = self._token()
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            async with (
                asyncio.timeout(UPLOAD_SECONDS),
                self._http.post(
                    url.with_query({"name": name}), data=content, headers=headers, proxy=self._proxy
                ) as answer,
            ):
                body = await answer.json()
                if answer.status == HTTPStatus.CREATED:
                    return str(body["id"])
                reason = str(body["error"]).rstrip(".")
        except TimeoutError as error:
            raise LocalFileError(f"{name!r} was not taken within {UPLOAD_SECONDS:g} s: try again.") from error
        except (aiohttp.ClientError, OSError, ValueError, LookupError) as error:
            raise LocalFileError(f"{name!r} could not be sent to {url} ({error}): try again.") from error
        raise LocalFileError(f"The server did not take {name!r}: {reason}.")


def verdict(url: URL, status: int) -> LinkError:
    """Say what it means that a server answered with this status in place of a connection or a result."""
    if status in (401, 403):
        return Refused(f"{url} does not accept the token ({status}): set EXAI_TOKEN to this server's token.")
    if status in TRY_AGAIN:
        return Unreachable(f"{url} takes no connections now ({status})")
    if status == 421:  # Misdirected Request, RFC 9110 section 15.5.20
        return Refused(f"{url} does not serve this host name (421): add it to the server's ALLOWED_HOSTS.")
    return Refused(f"{url} is no MCP server over {_NAMES[url.scheme]} (it answered {status}): correct --url.")


_NAMES = {"ws": "WebSocket", "wss": "WebSocket", "http": "HTTP", "https": "HTTP"}


@asynccontextmanager
async def server_at(url: URL, token: Callable[[], str | None]) -> AsyncIterator[Server]:
    """Keep what connections to one server share."""
    # No deadline of the session's: a connection lasts, and its opening has its own.
    forever = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), timeout=forever) as http:
        yield Server(url, http, token)


def is_loopback(url: URL) -> bool:
    """Tell whether a URL stays on this machine."""
    host = url.host or ""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost" or host.endswith(".localhost")


def proxy_for(url: URL) -> str | None:
    """Read HTTPS_PROXY and its kin, which nobody means for this machine itself."""
    if is_loopback(url) or urllib.request.proxy_bypass(url.host or ""):
        return None
    return urllib.request.getproxies().get("https" if url.scheme == "wss" else "http")
