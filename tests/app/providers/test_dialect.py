"""What is sent: accepted by the fake's own rules for every model and effort, and exactly what was meant."""

import struct
import zlib

import orjson
import pytest
from msgspec import structs

from app.providers import catalog, dialect
from app.providers.errors import Kind, ProviderError
from app.providers.records import Effort, Model, Replay, Thinking
from app.providers.requests import Function, Media, Message, Request, ToolCall
from tests.app.providers.fake import Fake, ask, collect, done_of, model_of, text_of

NESTED = {
    "type": "object",
    "properties": {"who": {"type": "object", "properties": {"name": {"description": "no type"}}}},
}
FUNCTION = Function("look_up", "Looks up", NESTED)
CALL = ToolCall("call-1", "look_up", "{}")
HISTORY = (
    Message("system", "Be brief."),
    Message("user", "One?"),
    Message("assistant", "Two.", reasoning="One and one."),
    Message("user", "And?"),
    Message("assistant", "", tool_calls=(CALL,)),  # its reasoning was not kept
    Message("tool", "", tool_call="call-1"),
    Message("assistant", "Three."),
    Message("system", "Be kind."),
)
EFFORTS = (None, *Effort)


def png(width: int = 2, height: int = 2) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * ((width + 1) * height))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def body(model: str, *messages: Message, **more: object) -> dict[str, object]:
    return dialect.body(ask("?", model, *messages, **more))


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("model", catalog.MODELS, ids=lambda model: model.id)
async def test_the_fake_accepts_a_long_conversation_for_every_model_and_effort(
    fake: Fake, model: Model, effort: Effort | None
) -> None:
    question = ask(
        "And now?", model.id, *HISTORY, effort=effort, functions=(FUNCTION,), user="u" * 64,
        conversation="thread-1", stop=("END",), json_schema={"type": "object"},
    )  # fmt: skip
    async with fake.client(model.vendor.id) as client:
        events = await collect(client.stream(question))

    assert done_of(events).finish == "stop"


@pytest.mark.parametrize(
    ("model", "effort", "sent"),
    [
        ("kimi-k2.6", None, {}),
        ("kimi-k2.6", Effort.OFF, {"thinking": {"type": "disabled"}}),
        ("kimi-k2.6", Effort.LOW, {"thinking": {"type": "enabled"}}),
        ("kimi-k2.6", Effort.MAX, {"thinking": {"type": "enabled"}}),
        ("kimi-k2.7-code", Effort.OFF, {}),
        ("kimi-k2.7-code", Effort.MAX, {}),
        ("kimi-k3", Effort.OFF, {"reasoning_effort": "low"}),
        ("kimi-k3", Effort.HIGH, {"reasoning_effort": "high"}),
        ("glm-5.3", Effort.OFF, {"reasoning_effort": "low"}),
        ("glm-5.3", Effort.MAX, {"reasoning_effort": "max"}),
        ("glm-5.2", Effort.OFF, {"thinking": {"type": "disabled"}}),
        ("glm-5.2", Effort.LOW, {"thinking": {"type": "enabled"}, "reasoning_effort": "high"}),
        ("glm-4.7", Effort.LOW, {"thinking": {"type": "enabled"}}),
    ],
)
def test_effort_becomes_what_the_model_has(
    model: str, effort: Effort | None, sent: dict[str, object]
) -> None:
    made = body(model, effort=effort)

    assert {name: made[name] for name in ("thinking", "reasoning_effort") if name in made} == sent


def test_each_vendor_gets_its_own_names_and_nobody_gets_sampling() -> None:
    kimi = body("kimi-k2.6", conversation="t-1", user="u" * 32)
    glm = body("glm-5.3", conversation="t-1", user="u" * 32)

    assert kimi["max_completion_tokens"] == glm["max_tokens"] == 5000
    assert (kimi["prompt_cache_key"], kimi["safety_identifier"]) == ("t-1", "u" * 32)
    assert (glm["request_id"], glm["user_id"]) == ("request-1", "u" * 32)
    assert kimi["stream_options"] == {"include_usage": True}
    for made in (kimi, glm):
        assert made["stream"] is True
        assert not made.keys() & {"temperature", "top_p", "do_sample", "presence_penalty", "seed"}


def test_the_longest_answer_is_the_models() -> None:
    assert body("glm-5.3", max_output=10**6)["max_tokens"] == 131_072


def test_system_messages_become_one_at_the_head() -> None:
    messages = dialect.messages(ask("?", "glm-5.3", *HISTORY))

    assert messages[0] == {"role": "system", "content": "Be brief.\n\nBe kind."}
    assert [message["role"] for message in messages].count("system") == 1


@pytest.mark.parametrize(
    ("model", "effort", "reasoned"),
    [
        ("kimi-k2.6", None, [None, ".", None]),
        ("kimi-k2.6", Effort.OFF, [None, None, None]),
        ("kimi-k2.7-code", None, ["One and one.", ".", "."]),
        ("kimi-k3", Effort.OFF, ["One and one.", ".", "."]),
        ("glm-5.3", None, [None, ".", None]),
    ],
)
def test_reasoning_is_replayed_as_each_model_demands(
    model: str, effort: Effort | None, reasoned: list[str | None]
) -> None:
    messages = dialect.messages(ask("?", model, *HISTORY, effort=effort))

    assert [m.get("reasoning_content") for m in messages if m["role"] == "assistant"] == reasoned


@pytest.mark.parametrize(
    ("model", "thinking"),
    [
        ("kimi-k2.6", {"type": "enabled", "keep": "all"}),
        ("glm-5.3", {"type": "enabled", "clear_thinking": False}),
        ("glm-4.7", {"type": "enabled", "clear_thinking": False}),
    ],
)
async def test_a_model_that_is_asked_to_keep_its_thoughts_gets_them_all(
    fake: Fake, model: str, thinking: dict[str, object]
) -> None:
    asked = structs.replace(model_of(model), replay=Replay.ASKED)
    question = structs.replace(ask("?", model, *HISTORY), model=asked)
    made = dialect.body(question)
    async with fake.client(asked.vendor.id) as client:
        await collect(client.stream(question))

    assert made["thinking"] == thinking
    assert all("reasoning_content" in m for m in dialect.messages(question) if m["role"] == "assistant")


def test_content_is_never_empty() -> None:
    for message in dialect.messages(ask("", "kimi-k2.6", *HISTORY)):
        assert message.get("content") != ""
        assert "content" in message or message["tool_calls"]


SCHEMA = {"type": "object", "properties": {"word": {"type": "string"}, "count": {"type": "integer"}}}


@pytest.mark.parametrize("model", ["kimi-k2.6", "glm-5.3"])
async def test_json_is_asked_for_as_each_vendor_can(fake: Fake, model: str) -> None:
    async with fake.client(model_of(model).vendor.id) as client:
        events = await collect(client.stream(ask("Which?", model, json_schema=SCHEMA)))

    assert orjson.loads(text_of(events)) == {"word": "Which?", "count": 1}


@pytest.mark.parametrize(
    ("model", "kind", "part"),
    [
        ("kimi-k2.6", "image/png", "image_url"),
        ("kimi-k2.6", "video/mp4", "video_url"),
        ("glm-5v-turbo", "image/png", "image_url"),
        ("glm-5v-turbo", "application/pdf", "file_url"),
        ("glm-5.3-flash", "image/png", "image_url"),
        ("glm-4.6v", "image/png", "image_url"),
    ],
)
async def test_media_travel_in_the_form_the_vendor_reads(
    fake: Fake, model: str, kind: str, part: str
) -> None:
    seen = Message("user", "What is this?", media=(Media(kind, png()),))
    async with fake.client(model_of(model).vendor.id) as client:
        events = await collect(client.stream(Request("request-1", model_of(model), (seen,), 500)))

    (sent,) = [request["body"]["messages"][-1]["content"] for request in fake.bill.requests]
    assert [piece["type"] for piece in sent] == [part, "text"]
    assert "It came with 1 of these" in text_of(events)


@pytest.mark.parametrize(
    ("model", "kind"), [("kimi-k3", "image/png"), ("kimi-k2.6", "application/pdf"), ("glm-4.6v", "video/mp4")]
)
def test_media_that_a_model_does_not_see_are_refused_before_it_is_asked(model: str, kind: str) -> None:
    with pytest.raises(ProviderError, match="choose a model that does") as caught:
        dialect.body(Request("r", model_of(model), (Message("user", "?", media=(Media(kind, b"x"),)),), 9))

    assert caught.value.kind is Kind.REQUEST
    assert caught.value.attempts == 0


def test_too_many_stop_sequences_are_refused_and_not_dropped() -> None:
    with pytest.raises(ProviderError, match="takes at most 1 stop sequences, and 2 were given"):
        body("glm-5.3", stop=("a", "b"))


def test_a_model_without_thoughts_is_given_none() -> None:
    plain = structs.replace(model_of("kimi-k2.6"), thinking=Thinking.NONE, efforts=())
    question = structs.replace(ask("?", "kimi", *HISTORY, effort=Effort.HIGH), model=plain)

    assert "thinking" not in dialect.body(question)
    assert not any("reasoning_content" in message for message in dialect.messages(question))
