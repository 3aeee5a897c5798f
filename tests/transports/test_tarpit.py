"""The tarpit: who is made to wait, for how long, and how many at once."""

import asyncio

import aiohttp

from app.transports.tarpit import Tarpit
from tests.transports.server import OTHER_TOKEN, TOKEN, eventually, running

FOR_EVER = 3600.0
GOOD = {"Authorization": f"Bearer {TOKEN}"}
OTHER = {"Authorization": f"Bearer {OTHER_TOKEN}"}
WRONG = {"Authorization": "Bearer wrong"}


async def at_once(waiting: "asyncio.Task[None] | asyncio.Future[None]") -> None:
    await asyncio.wait_for(waiting, 5)


async def test_whoever_is_held_is_counted_until_it_gives_up() -> None:
    tarpit = Tarpit(FOR_EVER)
    held = asyncio.create_task(tarpit.hold())
    await asyncio.sleep(0)

    assert (tarpit.waiting, held.done()) == (1, False)
    held.cancel()
    await asyncio.gather(held, return_exceptions=True)
    assert tarpit.waiting == 0


async def test_one_too_many_is_not_held() -> None:
    tarpit = Tarpit(FOR_EVER, most=2)
    held = [asyncio.create_task(tarpit.hold()) for _ in range(2)]
    await asyncio.sleep(0)

    await at_once(asyncio.ensure_future(tarpit.hold()))

    assert tarpit.waiting == 2
    for each in held:
        each.cancel()


async def test_an_offender_waits_for_its_next_socket_and_is_forgotten_after_a_while() -> None:
    now = [0.0]
    tarpit = Tarpit(FOR_EVER, clock=lambda: now[0])
    tarpit.offended("rude")

    await at_once(asyncio.ensure_future(tarpit.before_a_socket("polite")))
    held = asyncio.create_task(tarpit.before_a_socket("rude"))
    await asyncio.sleep(0)
    assert not held.done()
    held.cancel()
    now[0] = FOR_EVER
    await at_once(asyncio.ensure_future(tarpit.before_a_socket("rude")))


async def test_a_client_whose_socket_broke_the_rules_waits_for_the_next_one_and_others_do_not() -> None:
    tarpit = Tarpit(FOR_EVER)
    async with running(guard={"tarpit": tarpit}) as server, aiohttp.ClientSession() as http:
        async with http.ws_connect(server.websocket_url, headers=GOOD) as socket:
            await socket.send_bytes(b"not text")
            assert (await socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE

        again = asyncio.create_task(http.ws_connect(server.websocket_url, headers=GOOD))
        await eventually(lambda: tarpit.waiting == 1)
        async with http.ws_connect(server.websocket_url, headers=OTHER):
            assert not again.done()
        again.cancel()
        await asyncio.gather(again, return_exceptions=True)


async def test_the_refusal_of_a_throttled_address_is_held_back_but_not_a_first_mistake() -> None:
    tarpit = Tarpit(FOR_EVER)
    async with running(guard={"tarpit": tarpit}) as server, aiohttp.ClientSession() as http:
        for _ in range(5):
            async with http.post(server.url, headers=WRONG) as response:
                assert response.status == 401
        refused = asyncio.create_task(http.post(server.url, headers=WRONG))

        await eventually(lambda: tarpit.waiting == 1)

        assert not refused.done()
        refused.cancel()
        await asyncio.gather(refused, return_exceptions=True)


async def test_whoever_has_waited_meets_the_cap_on_its_connections_all_the_same() -> None:
    tarpit = Tarpit(0.05, clock=lambda: 0.0)
    guard = {"tarpit": tarpit, "max_connections_per_client": 1}
    async with running(guard=guard) as server, aiohttp.ClientSession() as http:
        async with http.ws_connect(server.websocket_url, headers=GOOD) as socket:
            await socket.send_bytes(b"not text")
            assert (await socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE
        await eventually(lambda: server.guard.connections_of("tester") == 0)

        opened = await asyncio.gather(
            *(http.ws_connect(server.websocket_url, headers=GOOD) for _ in range(3)), return_exceptions=True
        )

        refused = [one.status for one in opened if isinstance(one, aiohttp.WSServerHandshakeError)]
        assert refused == [503, 503]
