"""Signing in with a token and out again: the only part of the page that strangers reach."""

import math
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs

from aiohttp import hdrs, web

from app.contract import STATUS_PATH
from app.page.answers import answer, document, refusal
from app.page.documents import Documents
from app.page.origins import FOREIGN, is_https, is_own
from app.page.tickets import COOKIE, IDLE_SECONDS, Tickets
from app.transports.body import BodyRefused, read_body

FORM_BYTES = 4096
"""A token is far shorter."""

NO_TOKEN = "Type or paste the token first."  # noqa: S105 - a sentence
UNKNOWN_TOKEN = (
    "This token is not known here. The operator has the right one: `make token` prints that of a stack, and "  # noqa: S105 - a sentence
    "`make run` keeps it in data/token."
)

Owner = Callable[[web.Request, str], Awaitable[str | web.Response]]
"""Turns a token that was typed in into its client, or into the guard's refusal."""


class Login:
    """Turns a token into a cookie, and a cookie into nothing."""

    def __init__(self, tickets: Tickets, documents: Documents, owner: Owner) -> None:
        self._tickets = tickets
        self._documents = documents
        self._owner = owner

    async def sign_in(self, request: web.Request) -> web.Response:
        """Take the form: to the page with a cookie, or the form again with what was wrong."""
        if not is_own(request):
            return refusal(403, FOREIGN)
        try:
            body = await read_body(request, FORM_BYTES)
        except BodyRefused as error:
            return refusal(error.status, error.sentence)
        token = parse_qs(body.decode("utf-8", "replace")).get("token", [""])[0].strip()
        if not token:
            return document(await self._documents.login(NO_TOKEN), 400)
        found = await self._owner(request, token)
        if isinstance(found, web.Response):
            return await self._again(found)
        response = web.Response(
            status=303, headers={hdrs.LOCATION: STATUS_PATH, hdrs.CACHE_CONTROL: "no-store"}
        )
        give(request, response, self._tickets.issue(found))
        return response

    async def sign_out(self, _: web.Request, __: str) -> web.Response:
        """Take the cookie back."""
        response = answer({"signed_out": True})
        response.del_cookie(COOKIE, path=STATUS_PATH, httponly=True, samesite="Strict")
        return response

    async def _again(self, refused: web.Response) -> web.Response:
        wait = refused.headers.get(hdrs.RETRY_AFTER)
        if wait is None:
            return document(await self._documents.login(UNKNOWN_TOKEN), refused.status)
        problem = f"Too many wrong tokens came from this address: wait {wait} s, then try the right one."
        headers = {"Retry-After": wait}
        return document(await self._documents.login(problem), refused.status, headers)


def give(request: web.Request, response: web.StreamResponse, cookie: str) -> None:
    """Have the browser keep a cookie: for the page only, out of the reach of scripts and of other sites."""
    response.set_cookie(
        COOKIE,
        cookie,
        max_age=math.ceil(IDLE_SECONDS),
        path=STATUS_PATH,
        httponly=True,
        samesite="Strict",
        secure=is_https(request),
    )
