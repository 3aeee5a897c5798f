"""The demo's own endpoints: what was billed, what was asked, and what shall go wrong next."""

from collections import deque
from dataclasses import dataclass

from aiohttp import web

from demo.bill import Bill
from demo.faults import NAMES, Scripts
from demo.files import Files


@dataclass(slots=True)
class Control:
    """`/demo/bill`, `/demo/requests`, `/demo/faults`, `/demo/files`."""

    bill: Bill
    scripts: Scripts
    files: Files

    def routes(self) -> list[web.RouteDef]:
        """Return all of them."""
        return [
            web.get("/demo/bill", self.show_bill),
            web.delete("/demo/bill", self.forget),
            web.get("/demo/requests", self.show_requests),
            web.post("/demo/faults", self.queue),
            web.get("/demo/files", self.show_files),
            web.post("/demo/elsewhere/chat/completions", self.redirect),
        ]

    async def show_bill(self, _: web.Request) -> web.Response:
        """Return the rows and their totals."""
        return web.json_response(self.bill.as_json())

    async def forget(self, _: web.Request) -> web.Response:
        """Begin again."""
        self.bill.rows.clear()
        self.bill.requests.clear()
        self.bill.refused = 0
        self.scripts.queued.clear()
        return web.Response(status=204)

    async def show_requests(self, _: web.Request) -> web.Response:
        """Return the last requests as they came, without keys."""
        return web.json_response(list(self.bill.requests))

    async def queue(self, request: web.Request) -> web.Response:
        """Take `{"vendor": "kimi", "faults": ["kimi-429-overloaded", "ok"]}`, one for each coming request."""
        body = await request.json()
        unknown = [name for name in body["faults"] if name not in (*NAMES, "ok")]
        if unknown:
            return web.json_response(
                {"error": f"{unknown[0]} is no fault; python -m demo --list"}, status=400
            )
        self.scripts.queued.setdefault(body["vendor"], deque()).extend(body["faults"])
        return web.Response(status=204)

    async def redirect(self, _: web.Request) -> web.Response:
        """Send a client on, as a login page of a network would."""
        raise web.HTTPTemporaryRedirect("/kimi/v1/chat/completions")

    async def show_files(self, _: web.Request) -> web.Response:
        """Return the ids of the files that are kept at Kimi."""
        return web.json_response(list(self.files.kept))
