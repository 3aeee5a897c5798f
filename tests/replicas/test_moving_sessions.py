"""A session opened at one replica, used at another."""

import asyncio

import aiohttp
import pytest

from app.shared.in_process import InProcess
from app.transports.session_ids import MAX_ID_CHARACTERS
from tests.replicas.conftest import Pair
from tests.replicas.pair import KEY, Wire, replica
from tests.transports.server import OTHER_TOKEN, eventually


async def test_any_replica_serves_a_session_of_any_other(pair: Pair, wire: Wire) -> None:
    await wire.initialize(pair.a)

    for to in (pair.b, pair.a, pair.b):
        reply = await wire.call(to, "echo", {"text": "hi"})
        assert reply["result"]["content"][0]["text"] == "hi"


async def test_a_revision_is_kept_by_the_session(pair: Pair, wire: Wire) -> None:
    wire.version = "2025-03-26"
    reply = await wire.initialize(pair.a)
    listed = await wire.request(pair.b, "tools/list")

    assert reply["result"]["protocolVersion"] == "2025-03-26"
    assert "title" not in listed["result"]["tools"][0]


async def test_an_id_is_short_enough_for_any_proxy(pair: Pair, wire: Wire) -> None:
    huge = {f"capability-{n}": {f"part-{m}": {"deep": True} for m in range(50)} for n in range(50)}
    await wire.initialize(pair.a, {"elicitation": {}} | huge)

    assert len(wire.session_id) <= MAX_ID_CHARACTERS
    assert (await wire.call(pair.b, "echo", {"text": "hi"}))["status"] == 200


async def test_a_session_survives_both_replicas(wire: Wire) -> None:
    async with replica(InProcess()) as a:
        await wire.initialize(a)
    async with replica(InProcess()) as c:
        assert (await wire.call(c, "echo", {"text": "hi"}))["status"] == 200


async def test_a_session_deleted_at_one_replica_is_gone_at_the_other(pair: Pair, wire: Wire) -> None:
    await wire.initialize(pair.a)
    assert (await wire.call(pair.b, "echo", {"text": "hi"}))["status"] == 200
    async with wire.listening(pair.b) as stream:
        await stream.until_begun()
        assert await wire.delete(pair.a) == 204
        assert await stream.rest() == []

    for to in (pair.a, pair.b):
        assert (await wire.call(to, "echo", {"text": "hi"}))["status"] == 404
        assert await wire.delete(to) == 404


async def test_a_closed_session_is_not_made_anew_from_its_id(
    states: tuple[InProcess, InProcess], wire: Wire
) -> None:
    async with replica(states[0]) as a:
        await wire.initialize(a)
        assert await wire.delete(a) == 204
    async with replica(states[1]) as fresh:
        assert (await wire.call(fresh, "echo", {"text": "hi"}))["status"] == 404


@pytest.mark.parametrize("spoil", ["", "junk", "truncate", "flip", "extend", "other key"])
async def test_a_forged_id_is_answered_404(
    pair: Pair, wire: Wire, http: aiohttp.ClientSession, spoil: str
) -> None:
    await wire.initialize(pair.a)
    good = wire.session_id
    if spoil == "other key":
        async with replica(InProcess(), b"a key of somebody else") as foreign:
            theirs = Wire(http)
            await theirs.initialize(foreign)
            wire.session_id = theirs.session_id
    else:
        wire.session_id = {
            "": "x",
            "junk": "junk" * 50,
            "truncate": good[:-1],
            "flip": good[:40] + ("A" if good[40] != "A" else "B") + good[41:],
            "extend": good + "A",
        }[spoil]

    for to in (pair.a, pair.b):
        assert (await wire.call(to, "echo", {"text": "hi"}))["status"] == 404
        assert await wire.delete(to) == 404
    wire.session_id = good
    assert (await wire.call(pair.b, "echo", {"text": "hi"}))["status"] == 200


async def test_a_session_of_another_principal_is_answered_404(
    pair: Pair, wire: Wire, http: aiohttp.ClientSession
) -> None:
    await wire.initialize(pair.a)
    thief = Wire(http, OTHER_TOKEN)
    thief.session_id = wire.session_id

    for to in (pair.a, pair.b):
        assert (await thief.call(to, "echo", {"text": "hi"}))["status"] == 404
        assert await thief.delete(to) == 404
    assert (await wire.call(pair.b, "echo", {"text": "hi"}))["status"] == 200


async def test_an_id_expires(wire: Wire) -> None:
    now = 1_000_000.0
    async with replica(InProcess(), max_age_seconds=60, clock=lambda: now) as a:
        await wire.initialize(a)
        now += 59
        assert (await wire.call(a, "echo", {"text": "hi"}))["status"] == 200
        now += 2
        assert (await wire.call(a, "echo", {"text": "hi"}))["status"] == 404


async def test_an_idle_session_expires_at_every_replica(wire: Wire) -> None:
    now = 1_000_000.0
    shared = InProcess(clock=lambda: now)
    async with (
        replica(shared, idle_seconds=60, clock=lambda: now) as a,
        replica(shared, idle_seconds=60, clock=lambda: now) as b,
    ):
        await wire.initialize(a)
        for to in (a, b, a, b):
            now += 50
            assert (await wire.call(to, "echo", {"text": "hi"}))["status"] == 200
        now += 61
        for to in (a, b):
            assert (await wire.call(to, "echo", {"text": "hi"}))["status"] == 404


async def test_a_lost_shared_state_harms_no_session(pair: Pair, wire: Wire) -> None:
    await wire.initialize(pair.a)
    for state in pair.shared:
        await state.drop("sessions:tester", wire_name(pair))

    for to in (pair.a, pair.b):
        assert (await wire.call(to, "echo", {"text": "hi"}))["status"] == 200


def wire_name(pair: Pair) -> str:
    (name,) = pair.a.sessions._keys
    return name


async def test_past_the_cap_the_longest_unused_session_gives_way_everywhere(
    states: tuple[InProcess, InProcess], http: aiohttp.ClientSession
) -> None:
    wires = [Wire(http) for _ in range(4)]
    async with (
        replica(states[0], max_sessions_per_client=3) as a,
        replica(states[1], max_sessions_per_client=3) as b,
    ):
        for number, wire in enumerate(wires):
            await wire.initialize((a, b)[number % 2])
        await eventually(lambda: len(a.sessions._keys) + len(b.sessions._keys) == 3)
        for to in (a, b):
            statuses = [(await wire.call(to, "echo", {"text": "hi"}))["status"] for wire in wires]
            assert statuses == [404, 200, 200, 200]


async def test_a_changed_state_key_keeps_sessions_while_the_previous_one_is_known(wire: Wire) -> None:
    new = b"the state key of next month"
    async with replica(InProcess()) as before:
        await wire.initialize(before)
    async with replica(InProcess(), new, KEY) as after:
        assert (await wire.call(after, "echo", {"text": "hi"}))["status"] == 200
    async with replica(InProcess(), new) as later:
        assert (await wire.call(later, "echo", {"text": "hi"}))["status"] == 404


async def test_a_log_level_set_at_one_replica_holds_at_all(pair: Pair, wire: Wire) -> None:
    await wire.initialize(pair.a)
    await wire.call(pair.b, "echo", {"text": "both have the session at hand"})
    await wire.request(pair.a, "logging/setLevel", {"level": "error"})

    async def heard() -> None:
        while (await wire.call(pair.b, "level"))["result"]["content"][0]["text"] != "error":  # noqa: ASYNC110
            await asyncio.sleep(0.005)

    await asyncio.wait_for(heard(), 10)


async def test_requests_at_once_share_one_session(pair: Pair, wire: Wire) -> None:
    await wire.initialize(pair.a)
    calls = [asyncio.create_task(wire.call(pair.b, "hold")) for _ in range(10)]
    await pair.b.probe.arrived(10)

    (live,) = pair.b.sessions._live.values()
    assert len(live.session.calls) == 10
    pair.b.probe.release.set()
    await asyncio.gather(*calls)
