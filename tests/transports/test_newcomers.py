"""A crowd of new connections is served one a turn, in order, and nothing its members said is lost."""

import asyncio
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from app.transports.newcomers import Newcomers

CROWD = 50


class Served(asyncio.Protocol):
    """A protocol that keeps what happened to it."""

    def __init__(self) -> None:
        self.transport: asyncio.BaseTransport | None = None
        self.said = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.said += data


class Connection(asyncio.Transport):
    """The part of a transport that a newcomer uses."""

    def __init__(self) -> None:
        super().__init__()
        self.closing, self.reading = False, True
        self.protocol: Any = None

    def is_closing(self) -> bool:
        return self.closing

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol


@pytest.fixture
def served() -> list[Served]:
    return []


@pytest.fixture
def newcomers(served: list[Served]) -> Newcomers:
    def begin() -> Served:
        served.append(Served())
        return served[-1]

    return Newcomers(begin)


def arrive(newcomers: Newcomers) -> tuple[asyncio.Protocol, Connection]:
    protocol, connection = newcomers.next(), Connection()
    protocol.connection_made(connection)
    return protocol, connection


async def test_those_who_come_together_begin_one_a_turn_in_the_order_they_came(
    newcomers: Newcomers, served: list[Served]
) -> None:
    connections = [arrive(newcomers)[1] for _ in range(3)]

    for begun in range(4):
        assert [each.transport for each in served] == connections[:begun]
        assert len(newcomers) == 3 - min(begun, 3)
        await asyncio.sleep(0)
    assert [each.protocol for each in connections] == served


async def test_what_a_newcomer_says_is_held_without_reading_on_and_handed_over(
    newcomers: Newcomers, served: list[Served]
) -> None:
    protocol, connection = arrive(newcomers)

    protocol.data_received(b"GET /")
    assert not connection.reading
    await asyncio.sleep(0)

    assert served[0].said == b"GET /"
    assert connection.reading


async def test_a_newcomer_that_left_costs_nothing_and_the_next_one_has_its_turn(
    newcomers: Newcomers, served: list[Served]
) -> None:
    (_, gone), (_, stays) = arrive(newcomers), arrive(newcomers)
    gone.closing = True

    await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert [each.transport for each in served] == [stays]
    assert len(newcomers) == 0


async def test_one_that_was_accepted_and_never_made_is_not_counted_for_ever(newcomers: Newcomers) -> None:
    expected = newcomers.next()
    assert len(newcomers) == 1

    del expected

    assert len(newcomers) == 0


async def test_a_crowd_that_comes_at_once_is_served_to_the_last() -> None:
    async def answer(_request: web.BaseRequest) -> web.Response:
        return web.Response(status=204)

    served = web.Server(answer)
    listening = await asyncio.get_running_loop().create_server(Newcomers(served).next, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"
    async with listening, aiohttp.ClientSession(headers={"Connection": "close"}) as http:

        async def asked() -> int:
            async with http.get(url) as response:
                return response.status

        assert await asyncio.gather(*(asked() for _ in range(CROWD))) == [204] * CROWD
        assert served.requests_count == CROWD
    await served.shutdown()
