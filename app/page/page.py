"""The page's routes: the login, the documents, the assets, and the endpoints only the page itself uses.

Everything but the login and the assets asks for the cookie; whatever changes something also for this origin
and the key that was given to the page. `docs/status-page.md` lists the endpoints.
"""

from collections.abc import Awaitable, Callable, Collection
from typing import Any, Protocol

import orjson
from aiohttp import hdrs, web
from msgspec import Struct

from app.contract import STATUS_PATH
from app.page.answers import answer, document, refusal
from app.page.assets import Assets
from app.page.costs import CostsApi, Limits
from app.page.documents import Documents
from app.page.events import Events
from app.page.jobs import Cancels, JobsApi
from app.page.login import Login, Owner, give
from app.page.origins import FOREIGN, is_own
from app.page.threads import Changed, ThreadsApi
from app.page.tickets import COOKIE, Ticket, Tickets
from app.page.watching import Watching
from app.stores import AuditLog, JobStore, Ledger, NotFoundError, StoreError, ThreadStore

API = f"{STATUS_PATH}/api"
TICKET = web.RequestKey("ticket", Ticket)
FORM_KEY_HEADER = "X-Form-Key"
SIGN_IN = "You are not signed in, or were away too long: sign in again."
GONE = "It is not there any more, or never was yours."

Api = Callable[[web.Request, str], Awaitable[web.StreamResponse]]
"""Answers one request of a client."""


class Books(ThreadStore, JobStore, Ledger, AuditLog, Protocol):
    """What the page reads."""


class Described(Protocol):
    """Something that becomes JSON."""

    def model_dump(self, *, mode: str) -> dict[str, Any]:
        """Return it as plain values."""


class Views(Struct, frozen=True):
    """What the page shows and may do, each by the narrowest means.

    `describe` is what the tool `status` tells a client; `clients` are the names of all.
    """

    store: Books
    jobs: Cancels
    describe: Callable[[str], Awaitable[Described]]
    owner: Owner
    limits: Limits
    clients: Callable[[], Collection[str]]
    is_operator: Callable[[str], bool]
    changed: Changed


class StatusPage:
    """Serves the page; `watching` is run beside it, and `drain` ends its streams."""

    def __init__(self, views: Views, tickets: Tickets, watching: Watching) -> None:
        self.watching = watching
        self._views = views
        self._tickets = tickets
        self._assets = Assets()
        self._documents = Documents(self._assets)
        self._login = Login(tickets, self._documents, views.owner)
        self._events = Events(watching, views.store, tickets.holds)
        self.drain = self._events.drain

    def visitor(self, request: web.Request) -> str | None:
        """Return the client that a request's cookie stands for; the guard asks before anything else."""
        ticket = self._tickets.read(request.cookies.get(COOKIE))
        if ticket is None:
            return None
        request[TICKET] = ticket
        return ticket.principal

    def routes(self) -> list[web.RouteDef]:
        """Return every route of the page."""
        views, own = self._views, self._own
        jobs = JobsApi(views.store, views.jobs)
        threads = ThreadsApi(views.store, views.jobs, views.changed)
        costs = CostsApi(views.store, views.limits, views.is_operator, views.clients)
        return [
            web.get(STATUS_PATH, self._show),
            web.post(f"{STATUS_PATH}/login", self._login.sign_in),
            web.post(f"{STATUS_PATH}/logout", own(self._login.sign_out)),
            web.get(f"{STATUS_PATH}/assets/{{digest}}/{{name}}", self._assets.serve),
            web.get(f"{STATUS_PATH}/events", self._listen, allow_head=False),
            web.get(f"{API}/live", own(self._live)),
            web.get(f"{API}/overview", own(self._overview)),
            web.get(f"{API}/costs", own(costs.show)),
            web.get(f"{API}/jobs", own(jobs.list)),
            web.get(f"{API}/jobs/{{job}}", own(jobs.show)),
            web.post(f"{API}/jobs/{{job}}/cancel", own(jobs.cancel)),
            web.get(f"{API}/threads", own(threads.list)),
            web.get(f"{API}/threads/{{thread}}", own(threads.show)),
            web.get(f"{API}/threads/{{thread}}/export", own(threads.export)),
            web.post(f"{API}/threads/{{thread}}/delete", own(threads.delete)),
        ]

    async def _show(self, request: web.Request) -> web.Response:
        ticket = request.get(TICKET)
        if ticket is None:
            return document(await self._documents.login())
        operator = self._views.is_operator(ticket.principal)
        return document(await self._documents.page(ticket, operator=operator))

    async def _listen(self, request: web.Request) -> web.StreamResponse:
        ticket = request.get(TICKET)
        if ticket is None:
            return refusal(401, SIGN_IN)
        if not is_own(request):
            return refusal(403, FOREIGN)
        return await self._events.serve(request, ticket)

    async def _live(self, _: web.Request, principal: str) -> web.Response:
        return answer({"replicas": [orjson.Fragment(told) for told in self.watching.poll(principal)]})

    async def _overview(self, _: web.Request, principal: str) -> web.Response:
        found = await self._views.describe(principal)
        return answer(found.model_dump(mode="json"))

    def _own(self, api: Api) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Let a handler be asked by the client's own page only, and word what goes wrong."""

        async def handle(request: web.Request) -> web.StreamResponse:
            ticket = request.get(TICKET)
            if ticket is None:
                return refusal(401, SIGN_IN)
            changes = request.method == hdrs.METH_POST
            if not is_own(request) or (changes and not ticket.opens(request.headers.get(FORM_KEY_HEADER))):
                return refusal(403, FOREIGN)
            try:
                response = await api(request, ticket.principal)
            except NotFoundError:
                return refusal(404, GONE)
            except StoreError as error:
                return refusal(503, str(error))
            renewed = self._tickets.renew(ticket)
            if renewed is not None and COOKIE not in response.cookies:
                give(request, response, renewed)
            return response

        return handle
