"""Vendor calls as the gateway in front of them measures them."""

import asyncio
from contextlib import aclosing

import pytest
from msgspec.structs import replace

from app.providers import catalog
from app.providers.errors import Kind, ProviderError
from app.providers.events import Done, Event, Reasoning, Text, Usage
from app.providers.requests import Message, Request
from app.telemetry import metrics
from app.telemetry.metrics import Metric
from app.telemetry.tallies import Distribution, Tallies
from app.telemetry.vendor_calls import MeasuredGateway
from tests.app.jobs.scripted import ScriptedGateway, Step

MODEL = next(model for model in catalog.BUILT_IN.models if model.id == "kimi-k2.6")
REQUEST = Request(id="call_1", model=MODEL, messages=(Message("user", "hello"),), max_output=100)
NAMES = ("moonshot_ai", "kimi-k2.6")


async def events(tallies: Tallies, *script: Step) -> list[Event]:
    gateway = MeasuredGateway(ScriptedGateway(script), tallies)
    return [event async for event in gateway.stream(REQUEST)]


def counts(tallies: Tallies, metric: Metric) -> dict[tuple[str, ...], int]:
    return {labels: int(sum(row[:-1])) for labels, row in tallies.distribution(metric).rows.items()}


async def test_an_answer_passes_unchanged_and_its_facts_are_kept() -> None:
    tallies = Tallies()
    done = Done("stop", Usage(100, 60, 20), waited=1.5, attempts=3)

    assert await events(tallies, Reasoning("hm"), Text("yes"), done) == [Reasoning("hm"), Text("yes"), done]

    assert counts(tallies, metrics.MODEL_CALLS) == {(*NAMES, ""): 1}
    assert counts(tallies, metrics.FIRST_CHUNKS) == {NAMES: 1}
    assert tallies.distribution(metrics.QUEUE_WAIT).rows[NAMES][-1] == 1.5
    assert dict(tallies.counter(metrics.RETRIES)) == {NAMES: 2}
    assert dict(tallies.counter(metrics.CACHED_TOKENS)) == {NAMES: 60}
    usage: Distribution = tallies.distribution(metrics.TOKEN_USAGE)
    assert {labels[2]: row[-1] for labels, row in usage.rows.items()} == {"input": 100, "output": 20}


async def test_an_error_counts_by_its_kind_with_the_usage_it_came_with() -> None:
    tallies = Tallies()
    cut = ProviderError(Kind.CUT, "Cut: ask again.", vendor="kimi", usage=Usage(10, 0, 3), attempts=2)

    with pytest.raises(ProviderError):
        await events(tallies, Text("ye"), cut)

    assert counts(tallies, metrics.MODEL_CALLS) == {(*NAMES, "cut"): 1}
    assert dict(tallies.counter(metrics.RETRIES)) == {NAMES: 1}
    assert counts(tallies, metrics.TOKEN_USAGE) == {(*NAMES, "input"): 1, (*NAMES, "output"): 1}


async def test_a_call_that_may_not_leave_is_none() -> None:
    tallies = Tallies()

    async def leave() -> int:
        raise LookupError("no money")

    with pytest.raises(LookupError):
        async for _ in MeasuredGateway(ScriptedGateway(), tallies).stream(replace(REQUEST, leave=leave)):
            pass

    assert counts(tallies, metrics.MODEL_CALLS) == {}


async def test_an_open_breaker_is_no_attempt() -> None:
    tallies = Tallies()
    resting = ProviderError(Kind.CAPACITY, "Resting: wait.", vendor="kimi", attempts=0)

    with pytest.raises(ProviderError):
        await events(tallies, resting)

    assert dict(tallies.counter(metrics.RETRIES)) == {NAMES: 0}
    assert counts(tallies, metrics.FIRST_CHUNKS) == {}


async def test_who_gives_up_closes_the_call_and_is_counted() -> None:
    tallies = Tallies()
    inner = ScriptedGateway([Text("ye"), asyncio.Event()])

    async with aclosing(MeasuredGateway(inner, tallies).stream(REQUEST)) as stream:  # type: ignore[type-var]  # a generator behind the Protocol's iterator
        assert await anext(stream) == Text("ye")

    assert inner.closed == 1
    assert counts(tallies, metrics.MODEL_CALLS) == {(*NAMES, "stopped"): 1}
