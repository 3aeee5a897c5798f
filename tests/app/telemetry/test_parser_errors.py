"""A flood of malformed requests is one line an interval."""

import asyncio
import logging

import pytest
from aiohttp import web

from app.telemetry.parser_errors import INTERVAL_SECONDS, ParserErrors

MALFORMED = b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def port(clock: Clock, unused_tcp_port: int):  # type: ignore[no-untyped-def]  # an async generator fixture
    async def fails(_: web.Request) -> web.Response:
        raise RuntimeError("a bug of ours")

    app = web.Application()
    app.router.add_get("/fails", fails)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    logger = logging.getLogger("aiohttp.server")
    thin = ParserErrors(clock)
    logger.addFilter(thin)
    yield unused_tcp_port
    logger.removeFilter(thin)
    await runner.cleanup()


async def send(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_malformed_requests_become_one_line_without_a_traceback(
    port: int, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        assert b" 400 " in await send(port, MALFORMED)
    clock.now += INTERVAL_SECONDS
    await send(port, MALFORMED)

    lines = [record for record in caplog.records if record.name == "aiohttp.server"]
    assert len(lines) == 2
    assert all(line.levelno == logging.WARNING and not line.exc_info for line in lines)
    assert "a malformed request was refused" in lines[0].getMessage()
    assert "and 2 more" in lines[1].getMessage()


async def test_an_exception_of_our_own_keeps_its_traceback(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    assert b" 500 " in await send(port, b"GET /fails HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    (line,) = [record for record in caplog.records if record.name == "aiohttp.server"]
    assert line.exc_info
