"""A request is made ready, connection included, before it may leave; not a byte of it leaves earlier."""

import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest
from msgspec.structs import replace

from app.providers.client import ChatClient
from app.providers.connection import Connection
from app.providers.requests import Request
from app.settings import Secret
from tests.app.providers.fake import KEY, VENDORS, ask, collect, text_of

ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    b'data: {"choices":[{"delta":{"content":"Yes."},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
)


class Vendor:
    """Takes connections and notes every byte; answers a whole request."""

    def __init__(self) -> None:
        self.heard = b""
        self.connected = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connected.set()
        head = b""
        while not head.endswith(b"\r\n\r\n") and (byte := await reader.read(1)):
            head += byte
            self.heard += byte
        if head:
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            self.heard += await reader.readexactly(int(length.partition(b":")[2]))
            writer.write(ANSWER)
            await writer.drain()
        writer.close()

    @property
    def bodies(self) -> list[dict[str, object]]:
        return [orjson.loads(each.partition(b"\r\n\r\n")[2]) for each in self.heard.split(b"POST ")[1:]]


@pytest.fixture
async def vendor() -> Vendor:
    return Vendor()


@pytest.fixture
async def client(vendor: Vendor) -> AsyncIterator[ChatClient]:
    server = await asyncio.start_server(vendor.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    connection = Connection(VENDORS["kimi"], f"http://127.0.0.1:{port}", Secret(KEY))
    yield ChatClient(connection)
    await connection.close()
    server.close()


def asking(leave: "asyncio.Future[int]") -> Request:
    async def wait() -> int:
        return await leave

    return replace(ask("Hello?"), leave=wait)


async def test_not_a_byte_leaves_before_it_may_though_the_connection_is_there(
    client: ChatClient, vendor: Vendor
) -> None:
    leave = asyncio.get_running_loop().create_future()
    request = asking(leave)
    call = asyncio.create_task(collect(client.stream(request)))
    await asyncio.wait_for(vendor.connected.wait(), 10)
    for _ in range(100):
        await asyncio.sleep(0)

    assert vendor.heard == b""
    leave.set_result(request.max_output)
    assert text_of(await asyncio.wait_for(call, 10)) == "Yes."
    assert len(vendor.bodies) == 1


async def test_what_forbids_a_call_is_raised_and_the_vendor_hears_nothing(
    client: ChatClient, vendor: Vendor
) -> None:
    leave = asyncio.get_running_loop().create_future()
    leave.set_exception(LookupError("no money"))
    with pytest.raises(LookupError, match="no money"):
        await collect(client.stream(asking(leave)))

    assert vendor.heard == b""
    assert text_of(await collect(client.stream(ask("Hello?")))) == "Yes.", "and the next call is made"


async def test_a_caller_that_gives_up_before_leaves_nothing_behind(
    client: ChatClient, vendor: Vendor
) -> None:
    call = asyncio.create_task(collect(client.stream(asking(asyncio.get_running_loop().create_future()))))
    await asyncio.wait_for(vendor.connected.wait(), 10)
    for _ in range(100):
        await asyncio.sleep(0)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)

    assert vendor.heard == b""
    assert client._connection._client._transport._pool.connections == []  # type: ignore[attr-defined]


async def test_of_less_money_than_was_asked_for_the_vendor_hears_once(
    client: ChatClient, vendor: Vendor
) -> None:
    leave = asyncio.get_running_loop().create_future()
    leave.set_result(600)
    assert text_of(await collect(client.stream(asking(leave)))) == "Yes."

    assert [body.get("max_completion_tokens", body.get("max_tokens")) for body in vendor.bodies] == [600]
