"""Streams that go wrong, and quirks that must not: over real sockets, scripted at the fake."""

import asyncio
import logging

import pytest

from app.providers import client as client_module
from app.providers import event_stream
from app.providers.errors import Kind, ProviderError
from app.providers.events import Done, Event, Usage
from tests.app.providers.fake import Fake, ask, collect, done_of, reasoning_of, text_of

QUIET_SECONDS = 0.2

BEFORE_A_WORD = {
    "reset": (Kind.CUT, "ended before the answer did"),
    "truncated-json": (Kind.BROKEN, "application/json in place of a stream"),
    "wrong-type": (Kind.BROKEN, "text/html in place of a stream"),
    "silence": (Kind.TIMEOUT, "was silent for 0.2 s"),
    "empty": (Kind.BROKEN, "it was empty"),
    "network-error": (Kind.BROKEN, "ended with network_error"),
    "context-window": (Kind.CONTEXT, "longer than"),
    "long-line": (Kind.CUT, "went past 8,388,608 characters"),
}
AFTER_SOME = {
    "cut": (Kind.CUT, "ended before the answer did"),
    "cut-clean": (Kind.CUT, "ended before the answer did"),
    "silence-mid": (Kind.TIMEOUT, "what arrived is kept"),
    "bad-chunk": (Kind.BROKEN, "not what it should be (JSONDecodeError)"),
    "strange-chunk": (Kind.BROKEN, "not what it should be"),
    "error-in-stream": (None, ""),
    "network-error-mid": (Kind.BROKEN, "ended with network_error"),
}


async def fails(fake: Fake, vendor: str, prompt: str) -> tuple[list[Event], ProviderError]:
    events: list[Event] = []
    async with fake.client(vendor, read_seconds=QUIET_SECONDS) as client:
        with pytest.raises(ProviderError) as caught:  # noqa: PT012 - what came before the error counts
            async for event in client.stream(ask(prompt, vendor)):
                events.append(event)  # noqa: PERF401
    return events, caught.value


@pytest.mark.parametrize("vendor", ["kimi", "glm"])
@pytest.mark.parametrize("name", BEFORE_A_WORD)
async def test_an_answer_that_never_begins_is_an_error_that_says_so(
    fake: Fake, name: str, vendor: str
) -> None:
    events, error = await fails(fake, vendor, f"[fake:{name}]")

    kind, words = BEFORE_A_WORD[name]
    assert error.kind is kind, str(error)
    assert words in str(error)
    assert text_of(events) == ""


@pytest.mark.parametrize("vendor", ["kimi", "glm"])
@pytest.mark.parametrize("name", AFTER_SOME)
async def test_an_answer_that_breaks_off_keeps_what_came_and_ends_in_an_error(
    fake: Fake, name: str, vendor: str
) -> None:
    events, error = await fails(fake, vendor, f"[fake:{name}]")

    kind, words = AFTER_SOME[name]
    assert kind in (error.kind, None), str(error)
    assert words in str(error)
    assert text_of(events) or reasoning_of(events)
    assert not any(isinstance(event, Done) for event in events)
    assert error.request_id == fake.bill.rows[0].request_id


@pytest.mark.parametrize(("vendor", "kind"), [("kimi", Kind.CAPACITY), ("glm", Kind.UNREACHABLE)])
async def test_an_error_inside_a_stream_is_read_like_one_outside(fake: Fake, vendor: str, kind: Kind) -> None:
    for name in ("error-first", "error-in-stream"):
        _, error = await fails(fake, vendor, f"[fake:{name}]")
        assert error.kind is kind


async def test_what_was_counted_of_a_failed_answer_goes_with_the_error(fake: Fake) -> None:
    _, error = await fails(fake, "glm", "[fake:network-error-mid]")

    (row,) = fake.bill.rows
    assert error.usage == Usage(row.input, row.cached, row.output, row.reasoning)


@pytest.mark.parametrize("name", ["no-done", "no-finish", "comments", "drip", "ok"])
async def test_a_sloppy_end_and_noise_between_do_no_harm(fake: Fake, name: str) -> None:
    async with fake.client("kimi") as client:
        plain = text_of(await collect(client.stream(ask("How do you do?"))))
        events = await collect(client.stream(ask(f"How do you do? [fake:{name}]")))

    assert text_of(events) == plain
    assert done_of(events).finish == "stop"
    assert done_of(events).usage is not None


async def test_a_usage_that_never_comes_does_not_take_the_answer_away(
    fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "TAIL_SECONDS", 0.1)
    async with fake.client("kimi") as client:
        events = await collect(client.stream(ask("[fake:hanging-tail]")))

    assert text_of(events)
    assert done_of(events) == Done("stop", None, (), "demo-kimi-000001")


async def test_separators_that_are_lines_elsewhere_stay_inside_the_text(fake: Fake) -> None:
    async with fake.client("glm") as client:
        events = await collect(client.stream(ask("[fake:separators]", "glm")))

    assert text_of(events).startswith("one\u2028two\u2029three\x85four ")


async def test_ten_megabytes_of_answer_arrive_whole(fake: Fake) -> None:
    async with fake.client("kimi") as client:
        events = await collect(client.stream(ask("[fake:huge]")))

    assert text_of(events).count("x") >= 10 * 1024 * 1024
    assert done_of(events).finish == "stop"


async def test_an_answer_past_every_bound_is_cut_off(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.providers.answer.MOST_CHARACTERS", 100_000)
    events, error = await fails(fake, "kimi", "[fake:huge]")

    assert error.kind is Kind.CUT
    assert len(text_of(events)) <= 100_000


async def test_a_line_past_its_bound_is_not_held(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "MOST_EVENT_BYTES", 100_000)
    _, error = await fails(fake, "glm", "[fake:long-line]")

    assert "went past 100,000" in str(error)


@pytest.mark.parametrize("vendor", ["kimi", "glm"])
@pytest.mark.parametrize(
    "name",
    [
        "usage-in-choice",
        "usage-top-cached",
        "usage-details-cached",
        "usage-last-chunk",
        "usage-missing",
        "usage-null",
    ],
)
async def test_usage_is_read_wherever_a_vendor_puts_it(fake: Fake, name: str, vendor: str) -> None:
    async with fake.client(vendor) as client:
        for _ in range(2):  # the second finds the first in the cache
            question = ask(f"{'Many words here. ' * 50} [fake:{name}]", vendor, conversation="t")
            done = done_of(await collect(client.stream(question)))

    row = fake.bill.rows[-1]
    assert row.cached > 0
    missing = name in ("usage-missing", "usage-null")
    assert done.usage == (None if missing else Usage(row.input, row.cached, row.output, row.reasoning))


@pytest.mark.parametrize("model", ["glm-4.6v", "glm-5v-turbo", "glm-4.6v-flash"])
async def test_leaked_thoughts_become_reasoning_and_box_marks_vanish(fake: Fake, model: str) -> None:
    async with fake.client("glm") as client:
        thought = await collect(client.stream(ask("[fake:think-tags]", model)))
        boxed = await collect(client.stream(ask("[fake:box-tags]", model)))

    assert reasoning_of(thought).endswith("a leaked thought")
    assert "think>" not in text_of(thought)
    assert text_of(boxed).startswith("1 < 2, so This is the demo's")
    assert "box" not in text_of(boxed)


async def test_a_model_that_leaks_no_tags_may_write_about_them(fake: Fake) -> None:
    async with fake.client("kimi") as client:
        events = await collect(client.stream(ask("[fake:think-tags]")))

    assert text_of(events).startswith("<think>a leaked thought</think>")


@pytest.mark.parametrize(
    ("name", "finish"),
    [("sensitive", "filtered"), ("context-window-mid", "length"), ("thought-only", "length")],
)
async def test_glms_own_endings_are_read(fake: Fake, name: str, finish: str) -> None:
    async with fake.client("glm") as client:
        assert done_of(await collect(client.stream(ask(f"[fake:{name}]", "glm")))).finish == finish


async def test_an_address_that_refuses_is_unreachable_and_named(fake: Fake) -> None:
    connected = fake.connection("kimi")
    connected.url = "http://127.0.0.1:1/v1"  # no service has port 1
    try:
        with pytest.raises(ProviderError) as caught:
            await collect(client_module.ChatClient(connected).stream(ask("?")))
    finally:
        await connected.close()

    assert caught.value.kind is Kind.UNREACHABLE
    assert "http://127.0.0.1:1/v1" in str(caught.value)


async def test_nothing_of_prompt_or_key_is_logged(fake: Fake, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with fake.client("kimi", "sk-canary-key") as client:
            await collect(client.stream(ask("canary-prompt")))
            with pytest.raises(ProviderError):
                await collect(client.stream(ask("canary-prompt [fake:cut]")))
        await asyncio.sleep(0)

    ours = [record for record in caplog.records if not record.name.startswith("aiohttp")]
    assert "canary" not in "".join(record.getMessage() for record in ours)
