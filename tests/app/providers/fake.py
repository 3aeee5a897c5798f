"""The demo's vendors on a real socket, and requests to them."""

import contextlib
import ssl
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from aiohttp import web

from app.providers import catalog, http_client
from app.providers.client import ChatClient
from app.providers.connection import Connection
from app.providers.events import Done, Event, Reasoning, Text
from app.providers.records import Model, Vendor
from app.providers.requests import Message, Request
from app.settings import Secret
from demo.application import BILL, FILES, SCRIPTS, build_app
from demo.bill import Bill
from demo.faults import Scripts
from demo.files import Files
from demo.paths import GLM_PATH, KIMI_PATH

KEY = "sk-a-key-made-up-for-tests"
VENDORS = {"kimi": catalog.KIMI, "glm": catalog.GLM}


@cache
def _trusted() -> ssl.SSLContext:
    """Make what takes 20 ms once for all tests."""
    return http_client.trust()


@dataclass(frozen=True, slots=True)
class Fake:
    """Both vendors at one port; `bill` is what they say they are owed."""

    port: int
    bill: Bill
    scripts: Scripts
    files: Files
    scheme: str = "http"

    def url(self, vendor: str) -> str:
        path = {"kimi": KIMI_PATH, "glm": GLM_PATH}[vendor]
        return f"{self.scheme}://127.0.0.1:{self.port}{path}"

    def connection(self, vendor: str, key: str = KEY, **options: Any) -> Connection:
        options.setdefault("trusted", _trusted())
        return Connection(VENDORS[vendor], self.url(vendor), Secret(key), **options)

    @contextlib.asynccontextmanager
    async def client(self, vendor: str, key: str = KEY, **options: Any) -> AsyncIterator[ChatClient]:
        connection = self.connection(vendor, key, **options)
        try:
            yield ChatClient(connection)
        finally:
            await connection.close()


@contextlib.asynccontextmanager
async def serving(tls: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[Fake]:
    app = build_app(**options)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        yield Fake(runner.addresses[0][1], app[BILL], app[SCRIPTS], app[FILES], "https" if tls else "http")
    finally:
        await runner.cleanup()


def model_of(name: str) -> Model:
    found = catalog.find(name)
    assert found is not None
    return found


def vendor_of(name: str) -> Vendor:
    return VENDORS[name]


def ask(text: str, model: str = "kimi", *earlier: Message, **more: Any) -> Request:
    messages = (*earlier, Message("user", text))
    return Request(
        **{"id": "request-1", "model": model_of(model), "messages": messages, "max_output": 5000, **more}
    )


async def collect(events: AsyncIterator[Event]) -> list[Event]:
    return [event async for event in events]


def text_of(events: Sequence[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Text))


def reasoning_of(events: Sequence[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, Reasoning))


def done_of(events: Sequence[Event]) -> Done:
    assert isinstance(events[-1], Done)
    return events[-1]
