"""A stream that can be resumed may be left early: what comes after is kept, not sent."""

import asyncio
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from app.transports.events import Exchange, event


class Recording:
    """A recorder that keeps everything and numbers it."""

    def __init__(self) -> None:
        self.kept: list[bytes] = []
        self.ended = False

    def begin(self) -> bytes:
        return b"id: 0\ndata: \n\n"

    def record(self, message: bytes) -> bytes:
        self.kept.append(message)
        return event(message, b"%d" % len(self.kept))

    def end(self) -> None:
        self.ended = True


async def _fetch(exchange: Exchange) -> tuple[str, str]:
    """Let a client read one exchange; returns the media type and the body."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return await exchange.respond(request)

    app = web.Application()
    app.add_routes([web.get("/", handle)])
    server = TestServer(app)
    await server.start_server()
    try:
        async with aiohttp.ClientSession() as http, http.get(server.make_url("/")) as response:
            return response.content_type, await response.text()
    finally:
        await server.close()


async def test_a_stream_that_hangs_up_ends_and_goes_on_being_recorded() -> None:
    recording = Recording()
    exchange = Exchange({}, {})
    exchange.recorder = recording
    await exchange.send(b'{"n":1}')
    exchange.hang_up()
    _, body = await _fetch(exchange)
    await exchange.send(b'{"n":2}')
    exchange.finish(b'{"done":true}')

    assert '{"n":1}' in body
    assert '{"n":2}' not in body
    assert recording.kept == [b'{"n":1}', b'{"n":2}', b'{"done":true}']
    assert recording.ended


async def test_a_stream_nobody_could_resume_does_not_hang_up() -> None:
    exchange = Exchange({}, {})
    await exchange.send(b'{"n":1}')
    exchange.hang_up()
    fetching: asyncio.Task[Any] = asyncio.create_task(_fetch(exchange))
    await asyncio.sleep(0)
    exchange.finish(b'{"done":true}')
    _, body = await fetching

    assert '{"done":true}' in body


async def test_hanging_up_before_anything_was_sent_gives_the_client_a_place_to_resume_from() -> None:
    exchange = Exchange({}, {})
    exchange.recorder = Recording()
    exchange.hang_up()
    kind, body = await _fetch(exchange)

    assert kind == "text/event-stream"
    assert body.startswith("id: 0\n")
