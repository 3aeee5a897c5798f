"""A request is made ready, connection included, before it may leave; not a byte of it leaves earlier."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from app.providers.client import ChatClient
from app.providers.errors import Kind, ProviderError
from app.providers.requests import Request
from tests.app.providers.fake import ask, collect, text_of
from tests.app.providers.raw_vendor import RawVendor, serving


@pytest.fixture
async def vendor() -> AsyncIterator[RawVendor]:
    async with serving() as made:
        yield made


@pytest.fixture
async def client(vendor: RawVendor) -> AsyncIterator[ChatClient]:
    async with vendor.client() as made:
        yield made


def asking(leave: "asyncio.Future[int]") -> Request:
    async def wait() -> int:
        return await leave

    return replace(ask("Hello?"), leave=wait)


async def test_not_a_byte_leaves_before_it_may_though_the_connection_is_there(
    client: ChatClient, vendor: RawVendor
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
    client: ChatClient, vendor: RawVendor
) -> None:
    leave = asyncio.get_running_loop().create_future()
    leave.set_exception(LookupError("no money"))
    with pytest.raises(LookupError, match="no money"):
        await collect(client.stream(asking(leave)))

    assert vendor.heard == b""
    await asyncio.wait_for(vendor.left.wait(), 10)
    assert text_of(await collect(client.stream(ask("Hello?")))) == "Yes.", "and the next call is made"


async def test_a_caller_that_gives_up_before_leaves_nothing_behind(
    client: ChatClient, vendor: RawVendor
) -> None:
    call = asyncio.create_task(collect(client.stream(asking(asyncio.get_running_loop().create_future()))))
    await asyncio.wait_for(vendor.connected.wait(), 10)
    for _ in range(100):
        await asyncio.sleep(0)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)

    assert vendor.heard == b""
    await asyncio.wait_for(vendor.left.wait(), 10)


async def test_of_less_money_than_was_asked_for_the_vendor_hears_once(
    client: ChatClient, vendor: RawVendor
) -> None:
    leave = asyncio.get_running_loop().create_future()
    leave.set_result(600)
    assert text_of(await collect(client.stream(asking(leave)))) == "Yes."

    assert [body.get("max_completion_tokens", body.get("max_tokens")) for body in vendor.bodies] == [600]


async def test_a_connection_that_ends_before_the_request_may_leave_costs_nothing(
    client: ChatClient, vendor: RawVendor
) -> None:
    leave = asyncio.get_running_loop().create_future()
    call = asyncio.create_task(collect(client.stream(asking(leave))))
    await asyncio.wait_for(vendor.connected.wait(), 10)
    vendor.hang_up()
    with pytest.raises(ProviderError, match="could not be sent whole") as caught:
        await asyncio.wait_for(call, 10)

    assert (caught.value.kind, caught.value.free) == (Kind.UNREACHABLE, True)
    assert vendor.heard == b""


async def test_an_answer_before_the_request_is_none_to_it(client: ChatClient, vendor: RawVendor) -> None:
    leave = asyncio.get_running_loop().create_future()
    call = asyncio.create_task(collect(client.stream(asking(leave))))
    await asyncio.wait_for(vendor.connected.wait(), 10)
    vendor.say(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
    with pytest.raises(ProviderError, match="could not be sent whole") as caught:
        await asyncio.wait_for(call, 10)

    assert caught.value.free
    assert vendor.heard == b""
