"""Puts both vendors, and the demo's own endpoints, on one application."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from demo.bill import Bill
from demo.chat import Chat, refused
from demo.control import Control
from demo.extras import Extras
from demo.faults import Scripts
from demo.files import MOST_FILES, Files
from demo.paths import GLM_PATH, KIMI_PATH
from demo.refusals import RefusalError

MOST_BODY_BYTES = 150 * 1024 * 1024

BILL = web.AppKey("bill", Bill)
SCRIPTS = web.AppKey("scripts", Scripts)
FILES = web.AppKey("files", Files)


def build_app(
    *, speed: float = 0.0, first_seconds: float = 0.0, file_cap: int = MOST_FILES
) -> web.Application:
    """Make the application; `speed` is tokens a second, 0 for as fast as it goes."""
    bill, scripts = Bill(), Scripts()
    files = Files(bill, scripts, file_cap)

    @web.middleware
    async def errors(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        try:
            return await handler(request)
        except RefusalError as error:
            bill.refused += 1
            return refused(error)

    app = web.Application(middlewares=[errors], client_max_size=MOST_BODY_BYTES)
    for vendor, path in (("kimi", KIMI_PATH), ("glm", GLM_PATH)):
        chat = Chat(vendor, bill, scripts, speed, first_seconds)
        app.router.add_post(f"{path}/chat/completions", chat.handle)
    app.add_routes(Extras(bill, scripts).routes())
    app.add_routes(files.routes(KIMI_PATH))
    app.add_routes(Control(bill, scripts, files).routes())
    app[BILL], app[SCRIPTS], app[FILES] = bill, scripts, files
    return app
