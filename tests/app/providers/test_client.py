"""The client against the fake over real sockets: answers as they stream, and what they cost."""

import asyncio
from itertools import groupby

import pytest

from app.providers.events import Done, Reasoning, Text, Usage
from app.providers.requests import Function, Message, ToolCall
from tests.app.providers.fake import Fake, ask, collect, done_of, reasoning_of, text_of

MODELS = ("kimi", "glm")
FUNCTION = Function(
    "look_up", "Looks a word up", {"type": "object", "properties": {"word": {"type": "string"}}}
)


@pytest.mark.parametrize("vendor", MODELS)
async def test_an_answer_streams_its_reasoning_then_its_text_then_ends(fake: Fake, vendor: str) -> None:
    async with fake.client(vendor) as client:
        events = await collect(client.stream(ask("What is a port?", vendor)))

    assert [kind for kind, _ in groupby(type(event) for event in events)] == [Reasoning, Text, Done]
    assert len(events) > 20
    assert "What is a port?" in text_of(events)
    assert "a script and no model" in text_of(events)
    assert reasoning_of(events).startswith("The question has")


@pytest.mark.parametrize("vendor", MODELS)
async def test_what_we_counted_is_what_was_billed(fake: Fake, vendor: str) -> None:
    async with fake.client(vendor) as client:
        done = done_of(await collect(client.stream(ask("What is a port?", vendor))))

    (row,) = fake.bill.rows
    assert done.usage == Usage(row.input, row.cached, row.output, row.reasoning)
    assert (done.request_id, done.finish, row.state) == (row.request_id, "stop", "complete")
    assert row.output > row.reasoning > 0


@pytest.mark.parametrize("vendor", MODELS)
async def test_a_second_answer_comes_over_the_same_connection(fake: Fake, vendor: str) -> None:
    async with fake.client(vendor) as client:
        for _ in range(3):
            await collect(client.stream(ask("Again?", vendor)))

    assert len({request["connection"] for request in fake.bill.requests}) == 1


@pytest.mark.parametrize("vendor", MODELS)
async def test_closing_the_iterator_closes_the_vendors_connection(fake: Fake, vendor: str) -> None:
    async with fake.client(vendor) as client:
        stream = client.stream(ask("[fake:words 5000] [fake:pace 0.01]", vendor))
        await anext(stream)
        await stream.aclose()
        (row,) = fake.bill.rows
        async with asyncio.timeout(10):
            while row.state != "cut":  # noqa: ASYNC110 - the fake notices when its next write fails
                await asyncio.sleep(0.005)

    assert row.output < 100


async def test_cancelling_the_reader_closes_the_vendors_connection(fake: Fake) -> None:
    async with fake.client("kimi") as client:
        started = asyncio.Event()

        async def read() -> None:
            async for _ in client.stream(ask("[fake:silence-mid]")):
                started.set()

        reader = asyncio.create_task(read())
        await asyncio.wait_for(started.wait(), 10)
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)
        (row,) = fake.bill.rows
        async with asyncio.timeout(10):
            while row.state != "cut":  # noqa: ASYNC110 - the fake notices when the connection is gone
                await asyncio.sleep(0.005)


@pytest.mark.parametrize("vendor", MODELS)
async def test_a_function_call_is_put_together_and_answered(fake: Fake, vendor: str) -> None:
    async with fake.client(vendor) as client:
        question = ask("[fake:tool-call] port", vendor, functions=(FUNCTION,))
        events = await collect(client.stream(question))
        done = done_of(events)
        called = Message("assistant", "", reasoning=reasoning_of(events), tool_calls=done.tool_calls)
        answered = Message("tool", "A place where ships lie.", tool_call=done.tool_calls[0].id)
        again = ask("And now?", vendor, *question.messages, called, answered, functions=(FUNCTION,))
        second = await collect(client.stream(again))

    assert done.finish == "tool_calls"
    assert done.tool_calls == (ToolCall(done.tool_calls[0].id, "look_up", '{"word": "port"}'),)
    assert done_of(second).finish == "stop"


@pytest.mark.parametrize("vendor", MODELS)
async def test_a_budget_that_reasoning_used_up_is_told_by_the_finish(fake: Fake, vendor: str) -> None:
    async with fake.client(vendor) as client:
        events = await collect(client.stream(ask("[fake:think 50]", vendor, max_output=20)))

    assert text_of(events) == ""
    assert done_of(events).finish == "length"
    assert done_of(events).usage is not None


@pytest.mark.parametrize("vendor", MODELS)
async def test_the_second_question_of_a_conversation_is_partly_cached(fake: Fake, vendor: str) -> None:
    long = Message("system", "Consider every word. " * 100)
    async with fake.client(vendor) as client:
        first = done_of(await collect(client.stream(ask("One?", vendor, long, conversation="t1"))))
        second = done_of(await collect(client.stream(ask("Two?", vendor, long, conversation="t1"))))

    assert first.usage is not None
    assert second.usage is not None
    assert first.usage.cached == 0
    assert second.usage.cached > 300
