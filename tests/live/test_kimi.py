"""What only the real Kimi can prove; docs/live-tests.md says what each test is for."""

import uuid

import orjson
import pytest

from app.providers import catalog, dialect, tokens
from app.providers.client import PATH, ChatClient
from app.providers.errors import Kind, ProviderError
from app.providers.gateway import VendorGateway
from app.providers.kimi_files import KimiFiles
from app.providers.kimi_search import KimiSearch
from app.providers.records import Effort, Replay
from app.providers.requests import Function, Media, Message, Request
from app.shared.in_process import InProcess
from tests.app.providers.fake import collect, done_of, model_of, reasoning_of, text_of
from tests.app.providers.test_dialect import png
from tests.live.conftest import Connect

pytestmark = pytest.mark.live("kimi")

KIMI_MODELS = [model.id for model in catalog.MODELS if model.vendor is catalog.KIMI]
FUNCTION = Function(
    "add", "Adds", {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}}
)


def ask(text: str, model: str = "kimi-k2.6", *earlier: Message, **more: object) -> Request:
    fields = {"id": uuid.uuid4().hex, "model": model_of(model), "max_output": 2000, **more}
    return Request(messages=(*earlier, Message("user", text)), **fields)


@pytest.mark.parametrize("model", KIMI_MODELS)
async def test_every_model_of_the_catalogue_answers(connect: Connect, model: str) -> None:
    events = await collect(ChatClient(connect("kimi")).stream(ask("Answer with the word yes.", model)))

    assert text_of(events)
    assert done_of(events).usage is not None
    assert done_of(events).request_id


async def test_the_list_of_models_has_the_fields_that_are_documented(connect: Connect) -> None:
    listed = await connect("kimi").json("GET", "models")

    for entry in listed["data"]:
        assert {"id", "context_length", "supports_image_in", "supports_reasoning"} <= entry.keys()


async def test_thinking_of_k3_cannot_be_off(connect: Connect) -> None:
    body = dialect.body(ask("Hello", "kimi-k3")) | {"thinking": {"type": "disabled"}, "stream": False}
    body.pop("stream_options")
    with pytest.raises(ProviderError) as caught:
        await connect("kimi").json("POST", PATH, body=body)

    assert caught.value.kind is Kind.REQUEST


async def test_thinking_of_k26_can_be_off(connect: Connect) -> None:
    events = await collect(ChatClient(connect("kimi")).stream(ask("Say yes.", effort=Effort.OFF)))

    assert reasoning_of(events) == ""


async def test_rate_limits_are_told_in_headers(connect: Connect) -> None:
    connection = connect("kimi")
    built = connection.built(connection.address(PATH), dialect.body(ask("Say yes.")))
    async with connection.stream(built, model_of("kimi-k2.6")) as response:
        names = {name.lower() for name in response.headers}

    assert any(name.startswith("x-ratelimit") for name in names), sorted(names)


@pytest.mark.parametrize("model", [name for name in KIMI_MODELS if model_of(name).replay is Replay.ALL])
async def test_lost_reasoning_is_replayed_as_a_placeholder(connect: Connect, model: str) -> None:
    earlier = (Message("user", "One?"), Message("assistant", "Two."))
    events = await collect(ChatClient(connect("kimi")).stream(ask("And now?", model, *earlier)))

    assert done_of(events).finish in ("stop", "length")


@pytest.mark.parametrize("model", ["kimi-k2.6", "kimi-k3"])
async def test_a_function_is_called_and_its_answer_taken(connect: Connect, model: str) -> None:
    client = ChatClient(connect("kimi"))
    question = ask("Use the function to add 17 and 25.", model, functions=(FUNCTION,))
    first = await collect(client.stream(question))
    (call,) = done_of(first).tool_calls
    said = Message("assistant", text_of(first), reasoning=reasoning_of(first), tool_calls=(call,))
    answer = Message("tool", "42", tool_call=call.id)
    second = await collect(
        client.stream(ask("So?", model, *question.messages, said, answer, functions=(FUNCTION,)))
    )

    assert orjson.loads(call.arguments) == {"a": 17, "b": 25}
    assert "42" in text_of(second)


async def test_a_schema_that_is_not_strict_is_taken(connect: Connect) -> None:
    schema = {
        "type": "object",
        "properties": {"capital": {"type": "string", "maxLength": 40}},
        "required": ["capital"],
    }
    events = await collect(
        ChatClient(connect("kimi")).stream(ask("The capital of France?", json_schema=schema))
    )

    assert orjson.loads(text_of(events))["capital"]


async def test_the_second_question_is_cached_and_usage_says_so(connect: Connect) -> None:
    client, key = ChatClient(connect("kimi")), uuid.uuid4().hex
    long = Message("system", "Consider every word. " * 500)
    for _ in range(2):
        done = done_of(await collect(client.stream(ask("Say yes.", "kimi-k2.6", long, conversation=key))))

    assert done.usage is not None
    assert done.usage.cached > 1000


@pytest.mark.parametrize("text", ["Hello", "敏捷的棕色狐狸跳过了懒狗。" * 50, "👩‍👩‍👧‍👦" * 50])
async def test_the_bound_of_tokens_holds(connect: Connect, text: str) -> None:
    request = ask(text, "kimi-k2.6", functions=(FUNCTION,))
    usage = done_of(await collect(ChatClient(connect("kimi")).stream(request))).usage

    assert usage is not None
    assert usage.input <= tokens.most_input(request)


@pytest.mark.parametrize("side", [64, 512, 2048])
async def test_an_image_costs_no_more_than_its_bound(connect: Connect, side: int) -> None:
    seen = Message("user", "Which colour?", media=(Media("image/png", png(side, side)),))
    request = Request(uuid.uuid4().hex, model_of("kimi-k2.6"), (seen,), 500)
    usage = done_of(await collect(ChatClient(connect("kimi")).stream(request))).usage

    assert usage is not None
    assert usage.input <= tokens.most_input(request)


async def test_the_formula_searches_and_its_price_is_as_stated(connect: Connect) -> None:
    connection = connect("kimi")
    gateway = VendorGateway({"kimi": ChatClient(connection)}, InProcess(), {})
    search = KimiSearch(connection, gateway, model_of("kimi-k2.6"))
    before = await connection.json("GET", "users/me/balance")
    found = await search.search(
        "Python release", most=3, recency=None, domain=None, request_id=uuid.uuid4().hex
    )
    after = await connection.json("GET", "users/me/balance")

    assert found.sources
    assert found.sources[0].url.startswith("http")
    spent = before["data"]["available_balance"] - after["data"]["available_balance"]
    assert spent * 10**9 <= search.most_cost


async def test_a_document_is_read_and_nothing_is_left(connect: Connect) -> None:
    connection = connect("kimi")
    before = await connection.json("GET", "files")
    extracted = await KimiFiles(connection).extract(
        Media("image/png", png(64, 64), "a.png"), request_id=uuid.uuid4().hex
    )
    after = await connection.json("GET", "files")

    assert isinstance(extracted.text, str)
    assert len(after["data"]) <= len(before["data"])


async def test_a_wrong_key_is_of_kind_key(connect: Connect) -> None:
    with pytest.raises(ProviderError) as caught:
        await collect(ChatClient(connect("kimi", "sk-made-up-for-a-test")).stream(ask("Hello")))

    assert caught.value.kind is Kind.KEY


async def test_a_prompt_too_long_is_of_kind_context_with_its_limit(connect: Connect) -> None:
    with pytest.raises(ProviderError) as caught:
        await collect(ChatClient(connect("kimi")).stream(ask("word " * 300_000)))

    assert (caught.value.kind, caught.value.limit) == (Kind.CONTEXT, 262_144)
