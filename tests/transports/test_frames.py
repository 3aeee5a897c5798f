"""Text frames are served where the parser delivers them, in order; and what of aiohttp that relies on.

The second half fails where a new aiohttp does not do what `app.transports.frames` is built on: mend that
module, or take the plain `web.WebSocketResponse`, for which the rest of the transport is made as well.
"""

import asyncio
import contextlib
import inspect
import struct
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web
from aiohttp._websocket import reader, reader_py
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import WebSocketReader
from aiohttp.web_protocol import RequestHandler

from app.transports import frames
from app.transports.fairness import Shares
from app.transports.outbox import Outbox
from app.transports.websocket_connection import Connection
from tests.transports.peers import call, initialize
from tests.transports.server import TOKEN, Running, running
from tests.transports.test_outbox import Wire

TEXT, BINARY, CLOSE, PING = 0x81, 0x82, 0x88, 0x89
WAIT_SECONDS = 10


def frame(data: bytes, opcode: int = TEXT) -> bytes:
    """Return a masked frame, as a client sends it; the mask changes nothing."""
    head = (
        struct.pack("!BB", opcode, 0x80 | len(data))
        if len(data) < 126
        else struct.pack("!BBH", opcode, 0xFE, len(data))
    )
    return head + bytes(4) + data


class Taker:
    """A peer that takes what it is told to."""

    def __init__(self, outbox: Outbox) -> None:
        self.silent = 9
        self.outbox = outbox
        self.taken: list[bytes] = []
        self.refuses: set[bytes] = set()

    def take(self, data: bytes) -> bool:
        if data in self.refuses:
            return False
        self.taken.append(data)
        self.outbox.finish(data)
        return True


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
async def taker(wire: Wire) -> Taker:
    return Taker(Outbox(wire, wire, wire))


def parsing(taker: Taker) -> tuple[Any, Any]:
    protocol = BaseProtocol(asyncio.get_running_loop())
    queue = frames._Queue(protocol, 2**16, loop=asyncio.get_running_loop())
    parser = frames._Parser(queue, 2**20, compress=False, decode_text=False)
    queue.peer = parser.peer = taker
    return queue, parser


async def test_frames_are_taken_and_answered_within_the_read_that_brought_them(
    wire: Wire, taker: Taker
) -> None:
    _, parser = parsing(taker)
    parser.feed_data(frame(b"one") + frame(b"two"))

    assert taker.taken == [b"one", b"two"]
    assert wire.written == [b"\x81\x03one\x81\x03two"]
    assert taker.silent == 0


async def test_half_a_frame_is_a_sign_of_life_too(taker: Taker) -> None:
    _, parser = parsing(taker)
    parser.feed_data(frame(b"one")[:4])

    assert (taker.silent, taker.taken) == (0, [])


async def test_what_comes_after_a_frame_that_was_not_taken_waits_its_turn(taker: Taker) -> None:
    queue, parser = parsing(taker)
    taker.refuses = {b"no"}
    parser.feed_data(frame(b"one") + frame(b"no") + frame(b"two") + frame(b"", PING) + frame(b"three"))
    async with asyncio.timeout(WAIT_SECONDS):
        read = [(await queue.read()).data for _ in range(4)]
    behind = queue.behind

    assert taker.taken == [b"one"]
    assert read == [b"no", b"two", b"", b"three"]
    assert behind == 4


async def test_frames_are_offered_again_once_all_that_waited_is_dealt_with(taker: Taker) -> None:
    queue, parser = parsing(taker)
    async with asyncio.timeout(WAIT_SECONDS):
        parser.feed_data(frame(b"", PING))
        await queue.read()
        parser.feed_data(frame(b"one"))
        await queue.read()
    queue.behind -= 2
    parser.feed_data(frame(b"two"))

    assert taker.taken == [b"two"]


async def test_of_a_flood_of_pings_in_one_read_few_are_kept_and_every_message(taker: Taker) -> None:
    queue, parser = parsing(taker)
    parser.feed_data(frame(b"", PING) * 40_000 + frame(b"one"))
    async with asyncio.timeout(WAIT_SECONDS):
        read = [(await queue.read()).data for _ in range(frames.MAX_PINGS_WAITING + 1)]

    assert read == [b""] * frames.MAX_PINGS_WAITING + [b"one"]
    assert queue.behind == len(read)


async def test_answers_keep_the_order_of_the_messages_while_a_client_waits_for_its_share() -> None:
    shares = Shares(20)
    async with (
        asyncio.timeout(WAIT_SECONDS),
        running(websocket={"shares": shares}) as server,
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as http,
        http.ws_connect(server.websocket_url, protocols=("mcp",)) as socket,
    ):
        await socket.send_json(initialize())
        await socket.receive()
        for number in range(100, 130):
            # Somebody else is at work all the time, so this client gets its share and no more.
            shares.wait("other")
            await socket.send_str(orjson.dumps(call("echo", {"text": "x"}, request_id=number)).decode())
        answered = [orjson.loads((await socket.receive()).data)["id"] for _ in range(30)]

    assert answered == list(range(100, 130))


UPGRADE = (
    "GET /mcp HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    f"Authorization: Bearer {TOKEN}\r\n\r\n"
).encode()


def pinging(number: int) -> bytes:
    return frame(b'{"jsonrpc":"2.0","id":%d,"method":"ping"}' % number)


async def test_frames_sent_in_one_breath_with_the_upgrade_are_served_in_order(server: Running) -> None:
    incoming, outgoing = await asyncio.open_connection(*server.address)
    outgoing.write(UPGRADE + b"".join(map(pinging, range(3))))
    async with asyncio.timeout(WAIT_SECONDS):
        await incoming.readuntil(b"\r\n\r\n")
        for number in range(3):
            assert b'"id":%d' % number in await incoming.readuntil(b"}}")
    outgoing.close()


async def test_nothing_is_served_after_our_close_frame(server: Running) -> None:
    incoming, outgoing = await asyncio.open_connection(*server.address)
    outgoing.write(UPGRADE + pinging(1) + frame(b"", BINARY))
    async with asyncio.timeout(WAIT_SECONDS):
        await incoming.readuntil(b"\x03\xeb")  # 1003
        outgoing.write(pinging(2))
        outgoing.write(pinging(3) + frame(b"\x03\xeb", CLOSE))
        rest = bytearray()
        with contextlib.suppress(ConnectionResetError):  # closed from both sides at once
            while more := await incoming.read(1024):
                rest += more

    assert b'"id"' not in rest
    outgoing.close()


async def test_nothing_is_taken_from_the_moment_the_socket_closes(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    incoming, outgoing = await asyncio.open_connection(*server.address)
    outgoing.write(UPGRADE + pinging(1))
    async with asyncio.timeout(WAIT_SECONDS):
        await incoming.readuntil(b"}}")
        taken: list[bytes] = []
        monkeypatch.setattr(Connection, "take", lambda _, data: taken.append(data) or True)
        (connection,) = server.websocket._connections
        parser = connection.socket._bytes
        parser.feed_data(pinging(2))
        closing = asyncio.create_task(connection.socket.close(code=1001))
        await asyncio.sleep(0)
        parser.feed_data(pinging(3) + frame(b"\x03\xe9", CLOSE))
        await closing

    assert len(taken) == 1
    outgoing.close()


# What of aiohttp this relies on.


@pytest.mark.parametrize("module", [reader, reader_py])
async def test_both_parsers_of_aiohttp_hand_frames_to_an_overridden_queue(module: Any) -> None:
    seen: list[tuple[Any, int]] = []

    class Queue(module.WebSocketDataQueue):  # type: ignore[misc,name-defined]
        def feed_data(self, data: Any, size: int) -> None:
            seen.append((data, size))

    queue = Queue(BaseProtocol(asyncio.get_running_loop()), 2**16, loop=asyncio.get_running_loop())
    parser = module.WebSocketReader(queue, 2**20, compress=False, decode_text=False)
    parser.feed_data(frame(b"one") + frame(b"", PING))

    assert [(message.type, message.data, size) for message, size in seen] == [
        (aiohttp.WSMsgType.TEXT, b"one", 3),
        (aiohttp.WSMsgType.PING, b"", 0),
    ]
    assert seen[0][0][:2] == (aiohttp.WSMsgType.TEXT, b"one")


def test_the_hook_that_makes_queue_and_parser_is_called_by_prepare_and_takes_what_ours_takes() -> None:
    ours = inspect.signature(frames.FrameSocket._post_start)
    theirs = inspect.signature(web.WebSocketResponse._post_start)

    assert list(ours.parameters) == list(theirs.parameters)
    assert "self._post_start(" in inspect.getsource(web.WebSocketResponse.prepare)
    assert issubclass(reader.WebSocketReader, WebSocketReader)


def test_aiohttp_sets_nothing_up_in_that_hook_that_ours_does_not() -> None:
    body = inspect.getsource(web.WebSocketResponse._post_start)
    set_up = {"_ws_protocol", "_writer", "_reader", "_parser"}

    assert {
        line.split("self.")[1].split(" ")[0]
        for line in body.splitlines()
        if line.strip().startswith("self._") and " = " in line
    } == set_up
    assert "set_parser(self._parser" in body
    assert "keep_alive(False)" in body
    assert inspect.getsource(web.WebSocketResponse._reset_heartbeat).count("if self._heartbeat is None") == 1


def test_the_protocol_gives_every_read_to_the_parser_it_was_set() -> None:
    assert list(inspect.signature(RequestHandler.set_parser).parameters)[:2] == ["self", "parser"]
    assert "self._payload_parser.feed_data(data)" in inspect.getsource(RequestHandler.data_received)
