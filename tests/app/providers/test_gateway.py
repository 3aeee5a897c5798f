"""Retries before the first byte, breakers and places, against the fake; two gateways on one real Redis."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import stamina

from app.providers import breakers, retries, slots
from app.providers.client import ChatClient
from app.providers.errors import Kind, ProviderError
from app.providers.events import Event
from app.providers.gateway import VendorGateway
from app.providers.requests import Request
from app.settings import Secret
from app.shared import Shared
from app.shared.fallback import Fallback
from app.shared.in_process import InProcess
from app.shared.redis import RedisShared
from tests.app.providers.fake import Fake, ask, collect, done_of, text_of
from tests.app.shared.conftest import redis_available, redis_url

__all__ = ["redis_available", "redis_url"]

ACCOUNTS = {"kimi": "a1", "glm": "b2"}


class Clock:
    """Seconds since 1970 that a test moves."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=retries.ATTEMPTS, cap=True):
        yield


@contextlib.asynccontextmanager
async def gate(
    fake: Fake, shared: Shared | None = None, clock: Clock | None = None, **options: Any
) -> AsyncIterator[VendorGateway]:
    connections = {vendor: fake.connection(vendor, **options) for vendor in ("kimi", "glm")}
    clients = {vendor: ChatClient(connection) for vendor, connection in connections.items()}
    made = VendorGateway(clients, shared or InProcess(), ACCOUNTS)
    if clock is not None:
        made._breakers._clock = clock
    try:
        yield made
    finally:
        for connection in connections.values():
            await connection.close()


async def fails(made: VendorGateway, request: Request) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await collect(made.stream(request))
    return caught.value


async def open_breaker(made: VendorGateway, prompt: str, model: str = "kimi") -> ProviderError:
    errors = [await fails(made, ask(prompt, model)) for _ in range(breakers.FAILURES)]
    return errors[-1]


class TestRetries:
    @pytest.mark.parametrize("name", ["kimi-429-overloaded", "kimi-429-rate", "kimi-500-server", "502-html"])
    async def test_what_is_free_and_passes_is_asked_again_and_answered(self, fake: Fake, name: str) -> None:
        async with gate(fake) as made:
            events = await collect(made.stream(ask(f"Hello? [fake:{name} x2]")))

        assert "Hello?" in text_of(events)
        assert done_of(events).attempts == 3
        assert len(fake.bill.rows) == 1

    async def test_three_attempts_are_all(self, fake: Fake) -> None:
        async with gate(fake) as made:
            error = await fails(made, ask("[fake:kimi-429-overloaded]"))

        assert (error.kind, error.attempts, len(fake.bill.requests)) == (Kind.CAPACITY, 3, 3)

    @pytest.mark.parametrize(
        "name",
        ["kimi-429-quota", "kimi-401-key", "kimi-404-model", "kimi-400-limit", "kimi-400-content-filter",
         "kimi-400-invalid", "504", "reset", "wrong-type", "truncated-json", "network-error", "empty",
         "silence"],
    )  # fmt: skip
    async def test_what_is_final_or_may_be_charged_is_asked_once(self, fake: Fake, name: str) -> None:
        async with gate(fake, read_seconds=0.2) as made:
            error = await fails(made, ask(f"[fake:{name}]"))

        assert error.attempts == len(fake.bill.requests) == 1

    @pytest.mark.parametrize("name", ["cut", "cut-clean", "bad-chunk", "error-in-stream", "silence-mid"])
    async def test_nothing_is_asked_again_after_the_first_byte(self, fake: Fake, name: str) -> None:
        async with gate(fake, read_seconds=0.2) as made:
            await fails(made, ask(f"[fake:{name}]"))

        assert len(fake.bill.requests) == 1

    async def test_an_error_before_the_first_byte_of_a_stream_is_asked_again(self, fake: Fake) -> None:
        async with gate(fake) as made:
            assert done_of(await collect(made.stream(ask("[fake:error-first x1]")))).attempts == 2

    async def test_a_vendor_that_asks_for_too_long_a_pause_is_not_waited_for(
        self, fake: Fake, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(retries, "LONGEST_ASKED_PAUSE_SECONDS", 1.5)
        async with gate(fake) as made:
            error = await fails(made, ask("[fake:kimi-429-retry-after x1]"))

        assert (error.retry_after, error.attempts) == (2, 1)

    async def test_no_pause_is_begun_that_would_outlast_the_caller(self, fake: Fake) -> None:
        deadline = asyncio.get_running_loop().time() + 1.5
        async with gate(fake) as made:
            error = await fails(made, ask("[fake:kimi-429-retry-after x1]", deadline=deadline))

        assert error.attempts == 1

    async def test_the_pause_that_is_asked_for_is_made(self, fake: Fake) -> None:
        stamina.set_testing(False)
        async with gate(fake) as made:
            began = time.monotonic()
            await collect(made.stream(ask("[fake:kimi-429-rate x1]")))

        assert time.monotonic() - began >= 1

    async def test_a_caller_that_gives_up_during_a_pause_is_let_go(self, fake: Fake) -> None:
        stamina.set_testing(False)
        async with gate(fake) as made:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(collect(made.stream(ask("[fake:kimi-429-retry-after]"))), 0.3)
            assert [state.in_flight for state in await made.states()] == [0]


class TestBreakers:
    async def test_a_model_rests_after_failures_in_a_row_and_the_others_do_not(self, fake: Fake) -> None:
        async with gate(fake) as made:
            await open_breaker(made, "[fake:kimi-503]")
            asked = len(fake.bill.requests)
            error = await fails(made, ask("Hello?"))
            other = await collect(made.stream(ask("Hello?", "kimi-k3")))
            (state, healthy) = await made.states()

        assert (error.kind, error.attempts, len(fake.bill.requests)) == (Kind.UNREACHABLE, 0, asked + 1)
        assert "kimi-k2.6 is left alone until" in str(error)
        assert "failed on its side (503 server_unavailable)" in str(error)
        assert error.retry_at is not None
        assert text_of(other)
        assert (state.model, state.open_until, healthy.open_until) == ("kimi-k2.6", error.retry_at, None)

    async def test_an_answer_in_between_begins_the_count_anew(self, fake: Fake) -> None:
        async with gate(fake) as made:
            for _ in range(breakers.FAILURES):
                await fails(made, ask("[fake:kimi-503]"))
                if _ == 0:
                    await collect(made.stream(ask("Hello?")))
            assert await collect(made.stream(ask("Hello?")))

    @pytest.mark.parametrize("name", ["kimi-400-invalid", "kimi-404-model", "kimi-400-limit"])
    async def test_what_is_the_questions_fault_opens_nothing(self, fake: Fake, name: str) -> None:
        async with gate(fake) as made:
            await open_breaker(made, f"[fake:{name}]")
            assert await collect(made.stream(ask("Hello?")))

    @pytest.mark.parametrize("name", ["kimi-401-key", "kimi-429-quota"])
    async def test_a_wrong_key_or_an_empty_account_rests_the_whole_vendor_at_once(
        self, fake: Fake, name: str
    ) -> None:
        async with gate(fake) as made:
            first = await fails(made, ask(f"[fake:{name}]"))
            second = await fails(made, ask("Hello?", "kimi-k3"))
            other = await collect(made.stream(ask("Hello?", "glm")))

        assert second.kind is first.kind
        assert second.attempts == 0
        assert str(first) in str(second)
        assert text_of(other)

    async def test_a_used_up_window_rests_until_the_vendor_opens_it(self, fake: Fake) -> None:
        clock = Clock()
        async with gate(fake, clock=clock) as made:
            first = await fails(made, ask("[fake:glm-1308]", "glm"))
            assert first.retry_at is not None
            clock.now = first.retry_at.timestamp() - 1
            second = await fails(made, ask("Hello?", "glm-4.7"))
            clock.now = first.retry_at.timestamp() + 1
            assert text_of(await collect(made.stream(ask("Hello?", "glm-4.7"))))

        assert (second.kind, second.retry_at) == (Kind.WINDOW, first.retry_at)

    async def test_when_a_rest_is_over_one_call_tries_and_a_failure_doubles_it(self, fake: Fake) -> None:
        clock = Clock()
        async with gate(fake, clock=clock) as made:
            await open_breaker(made, "[fake:kimi-503]")
            clock.now += breakers.MODEL_REST_SECONDS + 1
            slow = asyncio.create_task(collect(made.stream(ask("[fake:silence]"))))
            async with asyncio.timeout(10):
                while not fake.bill.rows:  # noqa: ASYNC110 - the fake has no event for it
                    await asyncio.sleep(0.005)
            meanwhile = await fails(made, ask("Hello?"))
            slow.cancel()
            await asyncio.gather(slow, return_exceptions=True)
            await fails(made, ask("[fake:kimi-503]"))
            clock.now += breakers.MODEL_REST_SECONDS + 1
            still = await fails(made, ask("Hello?"))
            clock.now += breakers.MODEL_REST_SECONDS
            assert text_of(await collect(made.stream(ask("Hello?"))))
            assert text_of(await collect(made.stream(ask("Hello?"))))

        assert meanwhile.attempts == still.attempts == 0

    async def test_an_opening_and_a_closing_reach_the_other_replica(self, fake: Fake) -> None:
        shared, clock = InProcess(), Clock()
        async with gate(fake, shared, clock) as one, gate(fake, shared, clock) as two:
            await collect(two.stream(ask("Hello?")))
            await open_breaker(one, "[fake:kimi-503]")
            clock.now += breakers.HEAR_SECONDS
            error = await fails(two, ask("Hello?"))
            clock.now += breakers.MODEL_REST_SECONDS
            assert text_of(await collect(two.stream(ask("Hello?"))))
            clock.now += breakers.HEAR_SECONDS
            assert text_of(await collect(one.stream(ask("Hello?"))))

        assert (error.kind, error.attempts) == (Kind.UNREACHABLE, 0)

    async def test_a_new_key_begins_afresh(self, fake: Fake) -> None:
        shared = InProcess()
        async with gate(fake, shared) as old, gate(fake, shared) as new:
            new._breakers._accounts["kimi"] = "another"
            await fails(old, ask("[fake:kimi-401-key]"))
            assert text_of(await collect(new.stream(ask("Hello?"))))

    async def test_a_vendor_without_a_key_says_which_variable_to_set(self, fake: Fake) -> None:
        made = VendorGateway({}, InProcess(), {})
        error = await fails(made, ask("Hello?"))

        assert (error.kind, error.attempts, made.usable("kimi")) == (Kind.KEY, 0, False)
        assert "KIMI_API_KEY is not set: make a key at https://platform.kimi.ai/" in str(error)
        assert not fake.bill.requests


async def test_while_redis_is_away_a_replica_goes_on_by_itself(fake: Fake) -> None:
    away = Fallback(RedisShared(Secret("redis://127.0.0.1:1/0")))  # no service has port 1
    try:
        async with gate(fake, away) as made:
            assert text_of(await collect(made.stream(ask("Hello?"))))
            held = Held(made, fake)
            await held.hold(2)
            assert [state.in_flight for state in await made.states()] == [2]
            await held.let_go()
            await fails(made, ask("[fake:kimi-401-key]"))
            assert (await fails(made, ask("Hello?"))).attempts == 0
    finally:
        await away.close()


class Held:
    """Calls that are under way until they are let go."""

    def __init__(self, made: VendorGateway, fake: Fake) -> None:
        self._made, self._fake = made, fake
        self.tasks: list[asyncio.Task[list[Event]]] = []

    async def hold(self, count: int) -> None:
        before = len(self._fake.bill.rows)
        for _ in range(count):
            self.tasks.append(asyncio.create_task(collect(self._made.stream(ask("[fake:silence]")))))
        async with asyncio.timeout(10):
            while len(self._fake.bill.rows) < before + count:  # noqa: ASYNC110 - the fake has no event for it
                await asyncio.sleep(0.005)

    async def let_go(self, count: int | None = None) -> None:
        gone = self.tasks[: count or len(self.tasks)]
        del self.tasks[: len(gone)]
        for task in gone:
            task.cancel()
        await asyncio.gather(*gone, return_exceptions=True)


class TestPlaces:
    async def test_a_call_waits_for_a_place_and_tells_how_long(self, fake: Fake) -> None:
        async with gate(fake) as made:
            held = Held(made, fake)
            await held.hold(2)
            waiting = asyncio.create_task(collect(made.stream(ask("Hello?"))))
            await asyncio.sleep(0.05)
            assert not waiting.done()
            assert [state.in_flight for state in await made.states()] == [2]
            await held.let_go(1)
            done = done_of(await asyncio.wait_for(waiting, 10))
            await held.let_go()

        assert done.waited >= 0.04

    async def test_waiting_ends_with_a_sentence(self, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(slots, "SLOT_SECONDS", 0.1)
        async with gate(fake) as made:
            held = Held(made, fake)
            await held.hold(2)
            error = await fails(made, ask("Hello?"))
            await held.let_go()

        assert (error.kind, error.attempts) == (Kind.CAPACITY, 0)
        assert "All 2 places for kimi-k2.6 stayed taken for 0.1 s" in str(error)

    async def test_the_line_is_bounded(self, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(slots, "MOST_WAITING", 1)
        async with gate(fake) as made:
            held = Held(made, fake)
            await held.hold(2)
            waiting = asyncio.create_task(collect(made.stream(ask("Hello?"))))
            await asyncio.sleep(0)
            error = await fails(made, ask("Hello?"))
            await held.let_go()
            await asyncio.wait_for(waiting, 10)

        assert "1 calls wait for kimi-k2.6 already" in str(error)

    async def test_whoever_gives_up_waiting_leaves_the_line(self, fake: Fake) -> None:
        async with gate(fake) as made:
            held = Held(made, fake)
            await held.hold(2)
            first, second = (asyncio.create_task(collect(made.stream(ask("Hello?")))) for _ in range(2))
            await asyncio.sleep(0.02)
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            await held.let_go(1)
            assert await asyncio.wait_for(second, 10)
            await held.let_go()

    async def test_models_have_places_of_their_own(self, fake: Fake) -> None:
        async with gate(fake) as made:
            held = Held(made, fake)
            await held.hold(2)
            assert text_of(await collect(made.stream(ask("Hello?", "kimi-k3"))))
            await held.let_go()

    async def test_a_long_call_keeps_its_place(self, fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(slots, "LEASE_SECONDS", 0.1)
        monkeypatch.setattr(slots, "KEEP_SECONDS", 0.02)
        monkeypatch.setattr(slots, "SLOT_SECONDS", 0.4)
        async with gate(fake) as made:
            held = Held(made, fake)
            await held.hold(2)
            error = await fails(made, ask("Hello?"))
            await held.let_go()

        assert error.kind is Kind.CAPACITY


@pytest.fixture(params=["in-process", "redis", "redis with its fallback"])
async def pair_of_states(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Shared, Shared]]:
    """What two replicas have: one state in common."""
    if request.param == "in-process":
        state = InProcess()
        yield state, state
        return
    url = Secret(request.getfixturevalue("redis_url"))
    plain = [RedisShared(url), RedisShared(url)]
    await plain[0]._client.flushdb()
    states = [Fallback(state) for state in plain] if "fallback" in request.param else plain
    yield states[0], states[1]
    for state in states:
        await state.close()


class TestTwoReplicas:
    async def test_no_more_calls_are_under_way_than_the_model_allows(
        self, fake: Fake, pair_of_states: tuple[Shared, Shared]
    ) -> None:
        most = 0
        async with gate(fake, pair_of_states[0]) as one, gate(fake, pair_of_states[1]) as two:

            async def call(made: VendorGateway) -> None:
                nonlocal most
                async for _ in made.stream(ask("[fake:words 20] [fake:pace 0.002]", "kimi-k3")):
                    running = sum(row.state == "running" for row in fake.bill.rows)
                    most = max(most, running)

            await asyncio.wait_for(asyncio.gather(*(call(made) for made in (one, two) for _ in range(6))), 60)

        assert most == 2
        assert [row.state for row in fake.bill.rows] == ["complete"] * 12

    async def test_a_place_given_back_by_one_is_taken_by_the_other(
        self, fake: Fake, pair_of_states: tuple[Shared, Shared]
    ) -> None:
        async with gate(fake, pair_of_states[0]) as one, gate(fake, pair_of_states[1]) as two:
            held = Held(one, fake)
            await held.hold(2)
            waiting = asyncio.create_task(collect(two.stream(ask("Hello?"))))
            await asyncio.sleep(0.05)
            assert not waiting.done()
            await held.let_go()
            assert text_of(await asyncio.wait_for(waiting, 10))

    async def test_an_opening_reaches_the_other(
        self, fake: Fake, pair_of_states: tuple[Shared, Shared], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(breakers, "HEAR_SECONDS", 0.0)
        async with gate(fake, pair_of_states[0]) as one, gate(fake, pair_of_states[1]) as two:
            await open_breaker(one, "[fake:glm-1234]", "glm")
            error = await fails(two, ask("Hello?", "glm"))
            shut = dict(two._breakers._rests)

        assert (error.attempts, len(shut)) == (0, 1)
