"""One request on the wire: how far it got decides what may be owed, and whether it may be made again."""

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator

import pytest

from app.providers import http_client
from app.providers.client import ChatClient
from app.providers.connection import Connection
from app.providers.errors import Kind, ProviderError
from app.providers.events import Event
from app.settings import Secret
from tests.app.providers.fake import KEY, VENDORS, Fake, ask, collect, text_of
from tests.app.providers.raw_vendor import EVENTS, HEAD, RawVendor, serving


@pytest.fixture
async def vendor() -> AsyncIterator[RawVendor]:
    async with serving() as made:
        yield made


async def fails(vendor: RawVendor, prompt: str = "Hello?") -> tuple[list[Event], ProviderError]:
    events: list[Event] = []
    async with vendor.client() as client:
        with pytest.raises(ProviderError) as caught:  # noqa: PT012 - what came before is looked at too
            async for event in client.stream(ask(prompt)):
                events.append(event)  # noqa: PERF401 - as above
    return events, caught.value


async def test_a_request_that_is_not_taken_whole_costs_nothing(
    vendor: RawVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_client, "WRITE_SECONDS", 0.1)
    vendor.reading = False
    _, error = await fails(vendor, "x" * 64_000_000)

    assert (error.kind, error.free) == (Kind.UNREACHABLE, True)
    assert "the request could not be sent whole" in str(error)


async def test_a_long_request_arrives_as_it_left(vendor: RawVendor) -> None:
    prompt = "".join(chr(ord("a") + i % 26) for i in range(3_000_000))
    async with vendor.client() as client:
        assert text_of(await collect(client.stream(ask(prompt)))) == "Yes."

    assert prompt in str(vendor.bodies)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nConte",
        b"no HTTP at all\r\n\r\n",
        HEAD + b"X: " + b"x" * 100_000 + b"\r\n\r\n",
    ],
    ids=["none", "half a head", "no HTTP", "a line of a head that is too long"],
)
async def test_what_was_sent_whole_and_not_answered_may_be_owed(vendor: RawVendor, answer: bytes) -> None:
    vendor.answer = answer
    _, error = await fails(vendor)

    assert (error.kind, error.free) == (Kind.CUT, False)


async def test_a_connection_that_is_reset_in_an_answer_leaves_what_came(vendor: RawVendor) -> None:
    chunk = b'data: {"choices":[{"delta":{"content":"So far"}}]}\n\n'
    vendor.answer = HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(chunk), chunk)
    events, error = await fails(vendor)

    assert text_of(events) == "So far"
    assert (error.kind, error.begun, error.free) == (Kind.CUT, True, False)


async def test_a_stream_that_is_compressed_all_the_same_is_read(vendor: RawVendor) -> None:
    vendor.answer = HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(EVENTS)
    async with vendor.client() as client:
        assert text_of(await collect(client.stream(ask("Hello?")))) == "Yes."


async def test_what_cannot_be_decompressed_is_of_no_use(vendor: RawVendor) -> None:
    vendor.answer = HEAD + b"Content-Encoding: gzip\r\n\r\n" + b"no gzip at all" * 10
    _, error = await fails(vendor)

    assert error.kind is Kind.BROKEN
    assert "it cannot be decompressed" in str(error)


async def test_a_kept_connection_that_the_vendor_closed_is_not_used(fake: Fake) -> None:
    async with fake.client("kimi") as client:
        await collect(client.stream(ask("One?")))
        assert client._connection._session is not None
        connector = client._connection._session.connector
        assert connector is not None
        (kept,) = [protocol for kept in connector._conns.values() for protocol, _ in kept]
        kept.transport.abort()
        await collect(client.stream(ask("Two?")))

    assert len({request["connection"] for request in fake.bill.requests}) == 2


async def test_whoever_reads_an_answer_is_told_that_its_connection_was_closed(fake: Fake) -> None:
    connection = fake.connection("kimi")
    stream = ChatClient(connection).stream(ask("[fake:silence-mid]"))
    await anext(stream)
    reader = asyncio.create_task(collect(stream))
    await asyncio.sleep(0)
    await connection.close()
    with pytest.raises(ProviderError) as caught:
        await asyncio.wait_for(reader, 10)

    assert caught.value.kind is Kind.CUT


@pytest.mark.parametrize("url", ["http://user:word@127.0.0.1:1/v1", "http://2130706433/v1"])
async def test_an_address_that_no_request_can_go_to_is_named(url: str) -> None:
    connection = Connection(VENDORS["kimi"], url, Secret(KEY))
    try:
        with pytest.raises(ProviderError, match="KIMI_BASE_URL") as caught:
            await collect(ChatClient(connection).stream(ask("Hello?")))
    finally:
        await connection.close()

    assert caught.value.kind is Kind.REQUEST
    assert "word" not in str(caught.value)


async def test_waiting_for_a_connection_has_an_end(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "CONNECT_SECONDS", 0.1)
    monkeypatch.setattr(http_client, "MOST_CONNECTIONS", 1)
    async with fake.client("kimi") as client:
        first = client.stream(ask("[fake:silence-mid]"))
        await anext(first)
        with pytest.raises(ProviderError, match=r"no connection within 0\.1 s") as caught:
            await collect(client.stream(ask("Two?")))
        await first.aclose()

    assert (caught.value.kind, caught.value.free) == (Kind.UNREACHABLE, True)
    assert len(fake.bill.requests) == 1


async def test_an_address_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "CONNECT_SECONDS", 0.1)
    # Nobody accepts, and the one place in the queue is taken: further connections are not answered.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        held = [socket.socket() for _ in range(4)]
        for one in held:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        connection = Connection(VENDORS["kimi"], f"http://127.0.0.1:{full.getsockname()[1]}", Secret(KEY))
        try:
            with pytest.raises(ProviderError, match="no connection within"):
                await collect(ChatClient(connection).stream(ask("Hello?")))
        finally:
            await connection.close()
            for one in held:
                one.close()
