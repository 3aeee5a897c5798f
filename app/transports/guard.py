"""Who may talk to this server, decided before any upgrade or body is read.

Order: probes pass; Host (421, not of /metrics); Origin (403); OAuth discovery (404); token in the URL
(400); throttle (429); bearer (401); connection caps (503); a busy client's share (429). Every refusal is
one sentence of JSON. The status page is asked for its cookie in place of a bearer, and a visitor who has
none comes as far as its login.
Sources: MCP specification, basic/transports "Security Warning" and security_best_practices.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping

import orjson
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from app.contract import HEALTH_PATH, LIVENESS_PATH, METRICS_PATH, READINESS_PATH, STATUS_PATH
from app.transports.addresses import Addresses
from app.transports.admitted import Admitted
from app.transports.fairness import Shares
from app.transports.names import Hosts, Origins
from app.transports.offenders import Offenders
from app.transports.refusals import refuse
from app.transports.tarpit import Tarpit
from app.transports.throttle import Throttle
from app.transports.tokens import Tokens

PRINCIPAL = web.RequestKey("principal", str)
"""The name of the client whose token the request carried."""

OFFENCE = web.ResponseKey("offence", str)
"""Set on a response by a transport that had to close on a peer: the sentence for the log."""

PROBES = frozenset({HEALTH_PATH, LIVENESS_PATH, READINESS_PATH})
DISCOVERY = ("/.well-known/oauth-", "/.well-known/openid-configuration")
"""404 while a static bearer is the only scheme: an answer would make clients start OAuth."""

TOKEN_PARAMETERS = frozenset({"token", "access_token", "auth_token", "bearer", "api_key", "apikey", "key"})

MAX_CONNECTIONS = 1000
"""Requests and sockets served at once, over all clients."""

MAX_CONNECTIONS_PER_CLIENT = 200
"""The share of them one client may hold."""

RETRY_SECONDS = 2
"""What a client that met a full server is told to wait."""

CORS_MAX_AGE_SECONDS = 600


class Guard:
    """Admits a request or answers it.

    `clients` maps a client's name to the SHA-256 digest of its token; the name becomes the
    principal. Loopback names are always allowed as Host and Origin. `anonymous` is the principal of
    requests without a token; None, the default, refuses them.
    """

    def __init__(
        self,
        *,
        clients: Mapping[str, bytes],
        allowed_hosts: Collection[str] = (),
        allowed_origins: Collection[str] = (),
        trusted_proxies: Collection[str] = (),
        max_connections: int = MAX_CONNECTIONS,
        max_connections_per_client: int = MAX_CONNECTIONS_PER_CLIENT,
        throttle: Throttle | None = None,
        shares: Shares | None = None,
        tarpit: Tarpit | None = None,
        anonymous: str | None = None,
    ) -> None:
        self._tokens = Tokens(clients, throttle or Throttle(), anonymous)
        self._hosts = Hosts(allowed_hosts)
        self._origins = Origins(allowed_origins)
        self._addresses = Addresses(trusted_proxies)
        self._shares = shares or Shares()
        self._offenders = Offenders()
        self._tarpit = tarpit or Tarpit()
        self._max_connections = max_connections
        self._max_per_client = max_connections_per_client
        self._open: Counter[str] = Counter()
        self._connections = 0
        self._admitted = Admitted()
        self.refused: Counter[int] = Counter()
        """How many requests were refused, by HTTP status."""
        self.visitor: Callable[[web.Request], str | None] = lambda _request: None
        """Returns the client whose cookie of the status page a request bears; set by whoever wires a page."""

    @property
    def connections(self) -> int:
        """How many requests and sockets are being served now."""
        return self._connections

    def connections_of(self, principal: str) -> int:
        """How many of them are one client's."""
        return self._open[principal]

    async def owner(self, request: web.Request, token: str) -> str | web.Response:
        """Return the client whose token was typed into a form, or the refusal: 401, or 429 for a while."""
        return await self._tokens.owner(token, self._addresses.of(request))

    def mark(self, principal: str) -> str | None:
        """Return what tells a client's present token from another one; None when there is no such client."""
        return self._tokens.mark(principal)

    def replace_clients(self, clients: Mapping[str, bytes]) -> None:
        """Take another set of clients from the next request on.

        Raises:
            ValueError: a digest is not 32 bytes long.
        """
        self._tokens.replace(clients)
        self._admitted.forget()
        # Counts of clients that are gone and have nothing open.
        self._open = +self._open

    @property
    def middleware(self) -> Middleware:
        """The guard as the outermost middleware of an application."""

        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.path in PROBES:
                # A probe needs no token; whoever shows a valid one is told more by the handler.
                if hdrs.AUTHORIZATION in request.headers:
                    known = await self._tokens.principal(request, self._addresses.of(request))
                    if isinstance(known, str):
                        request[PRINCIPAL] = known
                return await handler(request)
            known_as = self._admitted.find(request)
            if known_as is None:
                address = self._addresses.of(request)
                refusal = self._refuse_name(request) or self._refuse_url(request)
                if refusal is not None:
                    self.refused[refusal.status] += 1
                    if refusal.status != 404:  # clients look for OAuth of their own accord
                        self._offenders.note(address, None, _sentence(refusal))
                    return refusal
                if request.path == STATUS_PATH or request.path.startswith(f"{STATUS_PATH}/"):
                    visitor = self.visitor(request)
                    if visitor is None:
                        return await handler(request)
                    principal = visitor
                else:
                    if request.method == hdrs.METH_OPTIONS and hdrs.ORIGIN in request.headers:
                        return _preflight(request)
                    found = await self._tokens.principal(request, address)
                    if isinstance(found, web.Response):
                        self.refused[found.status] += 1
                        if found.status == 429:
                            await self._tarpit.hold()
                        return found
                    principal = found
                    self._admitted.remember(request, principal, address)
            else:
                principal, address = known_as
            if hdrs.UPGRADE in request.headers:
                await self._tarpit.before_a_socket(principal)
            refusal = self._refuse_load(request, principal)
            if refusal is not None:
                self.refused[refusal.status] += 1
                self._offenders.note(address, principal, _sentence(refusal))
                if refusal.status == 429:
                    await self._tarpit.hold()
                return refusal
            request[PRINCIPAL] = principal
            self._open[principal] += 1
            self._connections += 1
            try:
                response = await handler(request)
            finally:
                self._connections -= 1
                self._open[principal] -= 1
            if len(response) and (offence := response.get(OFFENCE)) is not None:  # seldom holds anything
                self._tarpit.offended(principal)
                self._offenders.note(address, principal, offence)
            return response

        return guard

    def _refuse_load(self, request: web.Request, principal: str) -> web.Response | None:
        if self._connections >= self._max_connections or self._open[principal] >= self._max_per_client:
            return refuse(
                503,
                "Too many connections are open; nothing was executed, try again shortly.",
                {hdrs.RETRY_AFTER: str(RETRY_SECONDS)},
            )
        if request.method == hdrs.METH_POST and self._shares.wait(principal):
            return refuse(
                429,
                "This client sends faster than its share while others are at work; nothing was executed, "
                "try again in a second.",
                {hdrs.RETRY_AFTER: "1"},
            )
        return None

    def _refuse_name(self, request: web.Request) -> web.Response | None:
        hosts = request.headers.getall(hdrs.HOST, [])
        # Prometheus asks each replica by its own address, and a page that was led here has no token.
        if request.path != METRICS_PATH and (len(hosts) != 1 or not self._hosts.admit(hosts[0])):
            return refuse(421, "This Host is not served here; add it to ALLOWED_HOSTS if it should be.")
        origins = request.headers.getall(hdrs.ORIGIN, [])
        if origins and (len(origins) > 1 or not self._origins.admit(origins[0])):
            return refuse(403, "Pages of this Origin may not call; add it to ALLOWED_ORIGINS if they should.")
        return None

    @staticmethod
    def _refuse_url(request: web.Request) -> web.Response | None:
        if request.path.startswith(DISCOVERY):
            return refuse(404, "There is no OAuth here; send the token as Authorization: Bearer.")
        if request.query_string and not TOKEN_PARAMETERS.isdisjoint(map(str.lower, request.query)):
            return refuse(400, "A token in the URL ends up in logs; send it as Authorization: Bearer.")
        return None


def cors(request: web.Request) -> dict[str, str]:
    """Return the headers that let an allowed page read the answer; none for other clients."""
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None:
        return {}
    return {
        hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: origin,
        hdrs.ACCESS_CONTROL_EXPOSE_HEADERS: "Mcp-Session-Id, WWW-Authenticate, Retry-After",
        hdrs.VARY: "Origin",
    }


def _preflight(request: web.Request) -> web.Response:
    allowed = {
        hdrs.ACCESS_CONTROL_ALLOW_METHODS: "GET, POST, DELETE",
        hdrs.ACCESS_CONTROL_ALLOW_HEADERS: request.headers.get(hdrs.ACCESS_CONTROL_REQUEST_HEADERS, ""),
        hdrs.ACCESS_CONTROL_MAX_AGE: str(CORS_MAX_AGE_SECONDS),
    }
    return web.Response(status=204, headers=cors(request) | allowed)


def _sentence(refusal: web.Response) -> str:
    sentence: str = orjson.loads(refusal.body)["error"]  # type: ignore[arg-type]  # `refuse` made it of bytes
    return sentence
