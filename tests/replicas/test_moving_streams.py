"""Cancellations, answers, changes and broken streams that arrive at another replica."""

import asyncio

import pytest

from app.protocol.errors import INTERRUPTED
from app.transports import event_log, presence
from tests.replicas.conftest import Pair
from tests.replicas.pair import JSON, Replica, Stream, Wire
from tests.transports.server import OTHER_TOKEN, eventually


def steps(messages: list[JSON]) -> list[int]:
    return [message["params"]["progress"] for message in messages if "method" in message]


async def first(stream: Stream, count: int) -> list[JSON]:
    messages = [await stream.next() for _ in range(count)]
    return [message for message in messages if message is not None]


async def test_a_cancellation_reaches_the_replica_that_runs_the_call(pair: Pair, wire: Wire) -> None:
    await wire.initialize(pair.a)
    async with wire.streaming(pair.a, "pause", {"before": 1}, request_id="mine") as stream:
        await first(stream, 1)
        cancel = {"method": "notifications/cancelled", "params": {"requestId": "mine"}}
        assert await wire.tell(pair.b, cancel) == 202

        assert await stream.rest() == []


async def test_a_cancellation_by_another_client_stops_nothing(pair: Pair, wire: Wire) -> None:
    await wire.initialize(pair.a)
    other = Wire(wire._http, OTHER_TOKEN)
    await other.initialize(pair.b)
    async with wire.streaming(pair.a, "pause", {"before": 1}, request_id="mine") as stream:
        await first(stream, 1)
        cancel = {"method": "notifications/cancelled", "params": {"requestId": "mine"}}
        assert await other.tell(pair.b, cancel) == 202
        pair.a.probe.release.set()
        messages = await stream.rest()

    assert messages[-1]["result"]["content"][0]["text"] == "done"


async def test_an_answer_reaches_the_call_that_asked(pair: Pair, wire: Wire) -> None:
    await wire.initialize(pair.a)
    async with wire.streaming(pair.a, "ask") as stream:
        (question,) = await first(stream, 1)
        assert question["method"] == "elicitation/create"
        answer = {"id": question["id"], "result": {"action": "accept", "content": {"name": "Ada"}}}
        assert await wire.tell(pair.b, answer) == 202
        (reply,) = await stream.rest()

    assert reply["result"]["content"][0]["text"] == "Ada"


@pytest.mark.parametrize("there", ["same replica", "other replica"])
async def test_a_broken_post_is_resumed_where_it_broke(pair: Pair, wire: Wire, there: str) -> None:
    to = pair.a if there == "same replica" else pair.b
    await wire.initialize(pair.a)
    async with wire.streaming(pair.a, "pause", {"before": 3, "after": 2}) as stream:
        seen = steps(await first(stream, 2))
        last = stream.last_event_id
    await pair.a.probe.started.wait()
    async with wire.listening(to, last) as resumed:
        missed = await first(resumed, 1)
        pair.a.probe.release.set()
        rest = missed + await resumed.rest()

    assert seen == [1, 2]
    assert steps(rest) == [3, 4, 5]
    assert rest[-1]["result"]["content"][0]["text"] == "done"
    assert len(set(resumed.ids)) == len(resumed.ids)


async def test_a_stream_that_broke_before_any_message_is_resumed_by_its_priming_event(
    pair: Pair, wire: Wire
) -> None:
    await wire.initialize(pair.a)
    async with wire.streaming(pair.a, "pause", {"before": 1, "after": 1}) as stream:
        await stream.until_begun()
        last = stream.last_event_id
    pair.a.probe.release.set()
    async with wire.listening(pair.b, last) as resumed:
        rest = await resumed.rest()

    assert steps(rest) == [1, 2]
    assert rest[-1]["result"]["content"][0]["text"] == "done"


async def test_a_finished_stream_can_be_read_again(pair: Pair, wire: Wire) -> None:
    await wire.initialize(pair.a)
    async with wire.streaming(pair.a, "count", {"steps": 3}) as stream:
        whole = await stream.rest()
    async with wire.listening(pair.b, stream.ids[0]) as again:
        assert await again.rest() == whole
    async with wire.listening(pair.b, stream.ids[-1]) as nothing:
        assert await nothing.rest() == []


@pytest.fixture
def beats(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Beats and looks so fast that a test can wait for them."""
    monkeypatch.setattr(event_log, "WAIT_SECONDS", 0.05)
    monkeypatch.setattr(presence, "GONE_SECONDS", 0.2)
    monkeypatch.setattr(presence, "BEAT_SECONDS", 0.02)
    return monkeypatch


async def lost(replica: Replica, beats: pytest.MonkeyPatch) -> None:
    """Return once a replica counts as gone, because its next beat is an hour away."""
    beats.setattr(presence, "BEAT_SECONDS", 3600)
    async with asyncio.timeout(10):
        while not await replica.log.presence.gone(  # noqa: ASYNC110 - silence raises no event
            replica.log.presence.name
        ):
            await asyncio.sleep(0.01)


async def test_what_a_killed_replica_ran_is_answered_by_the_one_that_is_asked(
    beats: pytest.MonkeyPatch, pair: Pair, wire: Wire
) -> None:
    await wire.initialize(pair.a)
    async with wire.streaming(pair.a, "pause", {"before": 2}, request_id="mine") as stream:
        await first(stream, 2)
        last = stream.ids[1]
    await pair.a.probe.started.wait()
    await lost(pair.a, beats)
    async with wire.listening(pair.b, last) as resumed:
        rest = await resumed.rest()
    async with wire.listening(pair.b, last) as again:
        assert await again.rest() == rest
    async with wire.listening(pair.b, resumed.last_event_id) as nothing:
        assert await nothing.rest() == []

    assert steps(rest) == [2]
    assert (rest[-1]["id"], rest[-1]["error"]["code"]) == ("mine", INTERRUPTED)
    assert "gone" in rest[-1]["error"]["message"]


async def test_a_call_that_is_silent_for_long_is_not_given_up_while_its_replica_lives(
    beats: pytest.MonkeyPatch, pair: Pair, wire: Wire
) -> None:
    looks = asyncio.Semaphore(0)
    ask = presence.Presence.gone

    async def look(self: presence.Presence, name: str) -> bool:
        looks.release()
        return await ask(self, name)

    beats.setattr(presence.Presence, "gone", look)
    await wire.initialize(pair.a)
    async with wire.streaming(pair.a, "pause", {"before": 1}) as stream:
        await first(stream, 1)
    async with wire.listening(pair.b, stream.last_event_id) as resumed:
        for _ in range(3 * event_log.LOOKS_BEFORE_GONE):
            await looks.acquire()
        pair.a.probe.release.set()
        rest = await resumed.rest()

    assert steps(rest) == [2]
    assert rest[-1]["result"]["content"][0]["text"] == "done"


async def test_a_replica_nobody_has_heard_of_may_be_alive(pair: Pair) -> None:
    assert not await pair.a.log.presence.gone("no-such-name")


async def test_older_revisions_get_ids_but_no_empty_event(pair: Pair, wire: Wire) -> None:
    wire.version = "2025-06-18"
    await wire.initialize(pair.a)
    async with wire.streaming(pair.a, "count", {"steps": 1}) as stream:
        raw = (await stream.response.read()).decode()

    assert "data: \n" not in raw
    assert raw.count("id: ") == raw.count("data: ") == 2


@pytest.mark.parametrize("event_id", ["x", "AAAAAAAAAAAA.1", "AAAAAAAAAAAA.x", "b", "é"])
async def test_an_event_that_is_not_kept_is_refused(pair: Pair, wire: Wire, event_id: str) -> None:
    await wire.initialize(pair.a)

    assert await wire.get_status(pair.b, event_id) == 400


async def test_nobody_reads_the_stream_of_another_session(pair: Pair, wire: Wire) -> None:
    await wire.initialize(pair.a)
    async with wire.streaming(pair.a, "count", {"steps": 1}) as stream:
        await stream.rest()
    other = Wire(wire._http)
    await other.initialize(pair.a)

    assert await other.get_status(pair.a, stream.ids[0]) == 400


async def test_a_change_at_one_replica_reaches_the_stream_at_another(pair: Pair, wire: Wire) -> None:
    await wire.initialize(pair.a)
    async with wire.listening(pair.b) as stream:
        await stream.until_begun()
        pair.a.dispatcher.list_changed("tools")
        told = await stream.next()

    assert told is not None
    assert told["method"] == "notifications/tools/list_changed"


async def test_a_subscription_made_at_one_replica_counts_at_the_stream_of_another(
    pair: Pair, wire: Wire
) -> None:
    await wire.initialize(pair.a)
    async with wire.listening(pair.b) as stream:
        await stream.until_begun()
        pair.a.dispatcher.resource_updated("test://watched")
        await wire.request(pair.a, "resources/subscribe", {"uri": "test://watched"})
        (live,) = pair.b.sessions._live.values()
        await eventually(lambda: bool(live.session.subscriptions))
        pair.a.dispatcher.list_changed("tools")
        pair.a.dispatcher.resource_updated("test://watched")
        told = [message["method"] for message in await first(stream, 2)]

    assert told == ["notifications/tools/list_changed", "notifications/resources/updated"]


async def test_a_broken_get_stream_catches_up_at_another_replica(pair: Pair, wire: Wire) -> None:
    await wire.initialize(pair.a)
    async with wire.listening(pair.a) as stream:
        await stream.until_begun()
        pair.a.dispatcher.list_changed("tools")
        await stream.next()
        last = stream.last_event_id
    pair.a.dispatcher.list_changed("resources")
    pair.b.dispatcher.list_changed("resources")
    async with wire.listening(pair.b, last) as resumed:
        told = await resumed.next()
        pair.a.dispatcher.list_changed("tools")
        async with asyncio.timeout(10):
            while (message := await resumed.next()) is not None:
                if message["method"] == "notifications/tools/list_changed":
                    break

    assert told is not None
    assert told["method"] == "notifications/resources/list_changed"


async def test_a_stream_opened_elsewhere_ends_the_one_here(pair: Pair, wire: Wire) -> None:
    await wire.initialize(pair.a)
    async with wire.listening(pair.a) as old:
        await old.until_begun()
        async with wire.listening(pair.b) as new:
            await new.until_begun()
            assert await old.rest() == []
            pair.a.dispatcher.list_changed("tools")
            assert await new.next() is not None


async def test_a_second_stream_at_the_same_replica_is_refused_unless_it_resumes(
    pair: Pair, wire: Wire
) -> None:
    await wire.initialize(pair.a)
    async with wire.listening(pair.a) as old:
        await old.until_begun()
        assert await wire.get_status(pair.a, "") == 409
        async with wire.listening(pair.a, old.last_event_id) as new:
            await new.until_begun()
            assert await old.rest() == []


@pytest.mark.parametrize(
    "message",
    [
        {"method": []},
        {"id": {}, "result": {}},
        {"id": [], "result": {}},
        {"id": 7, "result": {}},
        {"method": "notifications/cancelled", "params": {"requestId": {}}},
        {"method": "notifications/cancelled", "params": []},
        {"method": "notifications/cancelled"},
    ],
)
async def test_odd_messages_are_answered_and_harm_no_session(pair: Pair, wire: Wire, message: JSON) -> None:
    await wire.initialize(pair.a)

    assert await wire.tell(pair.b, message) in (202, 400)
    assert (await wire.call(pair.a, "echo", {"text": "hi"}))["status"] == 200
