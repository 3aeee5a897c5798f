"""What a hostile peer may do to the real process: each gets its answer, the others are served, nothing stays.

The last two tests look at what the whole battery has left behind.
"""

import asyncio
import gzip

import orjson
import pytest

from tests.app.test_main import HANDSHAKE
from tests.hostile.conftest import Target
from tests.hostile.wire import (
    AUTH,
    BINARY,
    CONTINUATION,
    PING,
    POST,
    SECONDS,
    TEXT,
    UPGRADE,
    Line,
    Wire,
    close_code,
    frame,
    honest,
)

MIB = 1024 * 1024
MAX_GROWTH = 48 * MIB
MAX_LINES = 40
DEEP = b'{"jsonrpc":"2.0","id":7,"method":"ping","params":' + b'{"a":' * 200 + b"1" + b"}" * 200 + b"}"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (DEEP, -32600),
        (b"[" * 100_000, -32700),
        (b'{"jsonrpc":"2.0","id":7,"method":"ping","params":{"x":NaN}}', -32700),
        (b'{"jsonrpc":"2.0","id":1e400,"method":"ping"}', None),
        (b'{"id":1,"id":7,"jsonrpc":"2.0","method":"ping"}', 0),
        (b'{"jsonrpc":"2.0","id":7,"method":"\\ud800"}', None),
    ],
    ids=["deep", "deeper than the parser", "NaN", "endless number", "duplicate keys", "lone surrogate"],
)
async def test_strange_json_is_answered_over_websocket(wire: Wire, body: bytes, code: int | None) -> None:
    line = await wire.websocket()
    await line.send(frame(TEXT, orjson.dumps(HANDSHAKE)))
    await line.text()
    await line.send(frame(TEXT, body))
    reply = orjson.loads(await line.text())

    if code == 0:
        assert (reply["id"], reply["result"]) == (
            7,
            {},
        )  # the last of two keys counts, as in RFC 8259 section 4
    else:
        assert reply["error"]["code"] in ({code} if code else {-32700, -32600, -32601})


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (f"POST /mcp HTTP/1.1\r\n{AUTH}Host: evil\r\n\r\n", 400),
        (POST.replace("localhost", "localhost.evil.example") + "\r\n", 421),
        (POST.replace("localhost", "127.0.0.1.evil.example:80") + "\r\n", 421),
        (POST.replace("localhost", "[::ffff:7f00:1]") + "\r\n", 421),
        (POST.replace("localhost", "localhost:99999999") + "\r\n", 421),
        (POST + "Origin: null\r\n\r\n", 403),
        (POST + "Origin: http://localhost.evil.example\r\n\r\n", 403),
        (POST + "Origin: http://[::1].evil\r\n\r\n", 403),
        (POST.replace("/mcp", "/mcp?access_token=x") + "\r\n", 400),
        (POST.replace("/mcp", "//mcp") + "Content-Length: 2\r\n\r\n{}", 404),
        (POST.replace("/mcp", "/mcp/../mcp%2f..") + "Content-Length: 2\r\n\r\n{}", 404),
        (POST.replace("/mcp", "/" + "x" * 9000) + "\r\n", 400),
        (POST + f"X: {'x' * 9000}\r\n\r\n", 400),
        (POST + "X: y\r\n" * 300 + "\r\n", 400),
        (POST + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx", 400),
        (POST + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("\x16\x03\x01\x02\x00\r\n\r\n", 400),
        (POST + f"Content-Length: {MIB}\r\n\r\n", 413),
    ],
)
async def test_a_tricky_request_gets_its_status(wire: Wire, request_: str, status: int) -> None:
    line = await wire.line()
    await line.send(request_.encode("latin-1"))

    assert await line.status() == status


async def test_a_bomb_is_not_inflated(wire: Wire) -> None:
    bomb = gzip.compress(b" " * (200 * MIB), 9)
    line = await wire.line()
    await line.send(f"{POST}Content-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode() + bomb)

    assert await line.status() == 413


async def test_a_body_that_never_ends_is_timed_out(wire: Wire) -> None:
    line = await wire.line()
    await line.send(f"{POST}Content-Length: 1000\r\n\r\n{{".encode())

    assert await line.status() == 408


async def test_headers_sent_drop_by_drop_are_ended(wire: Wire) -> None:
    lines = [await wire.line() for _ in range(50)]
    for line in lines:
        await line.send(b"GET /mcp HTTP/1.1\r\nX-Slow: ")
    await asyncio.gather(*(line.rest() for line in lines))


@pytest.mark.parametrize(
    ("frames", "codes"),
    [
        (frame(PING, b"x") * 100_000, {1008}),
        (frame(BINARY, b"x"), {1003}),
        (frame(TEXT, b"x" * (300 * 1024)), {1009}),
        (frame(TEXT, b"x" * 1024, fin=False) + frame(CONTINUATION, b"x" * 1024, fin=False) * 400, {1009}),
        (frame(TEXT, b'{"op":"hello"}'), {1008}),
        (frame(TEXT, b"no") * 100, {1008}),
        (frame(TEXT, b"\xff"), {1007}),
        (frame(TEXT, b"x")[:1] + b"\x01x", {1002, None}),
    ],
    ids=["pings", "binary", "too big", "fragments", "other protocol", "not JSON", "not UTF-8", "unmasked"],
)
async def test_a_rule_breaker_is_closed_with_a_code(
    wire: Wire, frames: bytes, codes: set[int | None]
) -> None:
    line = await wire.websocket()
    sending = asyncio.create_task(line.send(frames))
    if codes == {1002, None}:
        # RFC 6455 section 5.1 wants it closed; aiohttp reads it, which harms nobody.
        await sending
        return
    said = await line.rest()
    await sending

    assert close_code(said) in codes


async def test_fragments_without_end_and_silent_peers_are_dropped(wire: Wire) -> None:
    endless, silent = await wire.websocket(), await wire.websocket()
    await endless.send(frame(TEXT, b"", fin=False) + frame(CONTINUATION, b"", fin=False) * 20_000)

    await asyncio.gather(endless.rest(), silent.rest())


async def test_a_peer_that_asks_much_and_reads_nothing_is_dropped(wire: Wire, target: Target) -> None:
    line = await wire.websocket()
    await line.send(frame(TEXT, orjson.dumps(HANDSHAKE)))
    asked = frame(TEXT, b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}')
    for _ in range(400):
        await line.send(asked * 50)
    await _let_go(target)

    assert target.process.memory_info().rss - target.resident < MAX_GROWTH


async def test_past_the_cap_connections_are_refused_and_this_machine_s_probe_is_not(wire: Wire) -> None:
    lines = [await wire.line() for _ in range(400)]
    said = await asyncio.gather(*(line.rest() for line in lines))

    assert sum(b"503" in answer for answer in said) >= 1
    assert sum(answer == b"" for answer in said) >= 120  # taken, and ended because they said nothing


async def test_ten_thousand_wrong_tokens_are_looked_at_five_times_at_most(wire: Wire) -> None:
    async def guess(number: int) -> tuple[int, int]:
        line = await wire.line()
        wrong = UPGRADE.replace("Bearer ", f"Bearer wrong-{number}-").encode()
        for _ in range(10):
            await line.send(wrong * 100)
        statuses = await _statuses(line, 1000)
        return statuses.count(401), statuses.count(429)

    found = await asyncio.gather(*map(guess, range(10)))

    assert sum(unknown for unknown, _ in found) <= 5
    assert sum(refused for _, refused in found) >= 9_995


async def _let_go(target: Target) -> None:
    """Return once the process holds no more descriptors than when it was idle."""
    async with asyncio.timeout(SECONDS):
        while target.process.num_fds() > target.descriptors:  # noqa: ASYNC110 - another process raises no event here
            await asyncio.sleep(0.05)


async def _statuses(line: Line, count: int) -> list[int]:
    found: list[int] = []
    async with asyncio.timeout(SECONDS):
        while len(found) < count:
            head = await line.head()
            found += [int(part.split(b" ", 1)[0]) for part in head.split(b"HTTP/1.1 ")[1:]]
    return found


async def test_afterwards_the_process_holds_what_it_held_before(target: Target) -> None:
    await honest(target.port)
    await _let_go(target)

    assert target.process.memory_info().rss - target.resident < MAX_GROWTH


def test_afterwards_the_log_has_a_line_an_offender_and_no_traceback(target: Target) -> None:
    target.server.signal()
    code, said = target.server.ended()

    assert code == 0
    assert "Traceback" not in said
    assert "presented 5 and is refused" in said
    assert len(said.splitlines()) <= MAX_LINES, said
