"""Whose token a request carries; wrong ones are counted against the address they came from."""

import hashlib
import hmac
import math
from collections import OrderedDict
from collections.abc import Mapping

from aiohttp import hdrs, web

from app.transports.refusals import refuse
from app.transports.throttle import Throttle

MAX_PROVEN = 10_000
"""Pairs of an address and a token that are remembered as right; past that the oldest is forgotten."""

MARK_DIGITS = 16
"""Hex digits of what a page's cookie says about the token it was given for."""


class Tokens:
    """Turns the bearer token of a request into the name of a client.

    `clients` maps a client's name to the SHA-256 digest of its token. `anonymous` is the principal of
    requests without a token; None refuses them.
    """

    def __init__(self, clients: Mapping[str, bytes], throttle: Throttle, anonymous: str | None) -> None:
        self._clients: dict[str, bytes] = {}
        self._proven: OrderedDict[tuple[str, bytes], str] = OrderedDict()
        self.replace(clients)
        self._throttle = throttle
        self._anonymous = anonymous

    def replace(self, clients: Mapping[str, bytes]) -> None:
        """Take another set of clients from the next request on.

        Raises:
            ValueError: a digest is not 32 bytes long.
        """
        for name, digest in clients.items():
            if len(digest) != hashlib.sha256().digest_size:
                raise ValueError(f"The token digest of client '{name}' must be a SHA-256 digest.")
        self._clients = dict(clients)
        self._proven.clear()

    def mark(self, name: str) -> str | None:
        """Return what tells a client's present token from another one; None when there is no such client."""
        digest = self._clients.get(name)
        return None if digest is None else hashlib.sha256(digest).hexdigest()[:MARK_DIGITS]

    async def principal(self, request: web.Request, address: str) -> str | web.Response:
        """Return the client of a request, or its refusal: 401, or 429 while its address has to wait."""
        token = _bearer(request)
        if token is None:
            if self._anonymous is not None and hdrs.AUTHORIZATION not in request.headers:
                return self._anonymous
            return _unauthorized("Send this server's token as Authorization: Bearer.")
        return await self.owner(token, address)

    async def owner(self, token: str, address: str) -> str | web.Response:
        """Return the client whose token this is, or what the address is told that showed it."""
        digest = hashlib.sha256(token.strip().encode("utf-8", "surrogateescape")).digest()
        # Whoever has proved itself does not wait for a neighbour's mistakes: behind one address (a NAT,
        # a container's gateway) one misconfigured client would otherwise lock out all the others.
        proven = self._proven.get((address, digest))
        if proven is not None:
            return proven
        wait = await self._throttle.asked(address)
        if wait:
            return refuse(
                429,
                "Too many wrong tokens came from this address; wait and try again with the right one.",
                {hdrs.RETRY_AFTER: str(math.ceil(wait))},
            )
        owner = self._owner(digest)
        if owner is None:
            self._throttle.failed(address)
            await self._throttle.tell(address)
            return _unauthorized(
                "This token is not known here; the operator has the right one "
                "(`make run` keeps it in data/token, `make token` prints that of a stack)."
            )
        self._proven[(address, digest)] = owner
        if len(self._proven) > MAX_PROVEN:
            self._proven.popitem(last=False)
        return owner

    def _owner(self, digest: bytes) -> str | None:
        owner: str | None = None
        for name, expected in self._clients.items():
            # Every digest is compared, so that the time says nothing about which one matched.
            if hmac.compare_digest(digest, expected):
                owner = name
        return owner


def _bearer(request: web.Request) -> str | None:
    headers = request.headers.getall(hdrs.AUTHORIZATION, [])
    scheme, _, token = headers[0].partition(" ") if len(headers) == 1 else ("", "", "")
    return token if scheme.lower() == "bearer" and token else None


def _unauthorized(sentence: str) -> web.Response:
    return refuse(401, sentence, {hdrs.WWW_AUTHENTICATE: "Bearer"})
