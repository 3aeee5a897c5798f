"""What only the real GLM can prove; docs/live-tests.md says what each test is for."""

import uuid

import orjson
import pytest

from app.providers import catalog, dialect, tokens
from app.providers.client import PATH, ChatClient
from app.providers.errors import Kind, ProviderError
from app.providers.glm_layout import GlmLayout
from app.providers.glm_search import GlmSearch
from app.providers.records import Effort
from app.providers.requests import Function, Media, Message, Request
from tests.app.providers.fake import collect, done_of, model_of, reasoning_of, text_of
from tests.app.providers.test_dialect import png
from tests.live.conftest import Connect

pytestmark = pytest.mark.live("glm")

GLM_MODELS = [model.id for model in catalog.MODELS if model.vendor is catalog.GLM]
SEEING = [name for name in GLM_MODELS if "image" in model_of(name).media]
FUNCTION = Function(
    "add", "Adds", {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}}
)


def ask(text: str, model: str = "glm-4.7-flash", *earlier: Message, **more: object) -> Request:
    fields = {"id": uuid.uuid4().hex, "model": model_of(model), "max_output": 2000, **more}
    return Request(messages=(*earlier, Message("user", text)), **fields)


@pytest.mark.parametrize("model", GLM_MODELS)
async def test_every_model_of_the_catalogue_answers_and_tells_its_usage_unasked(
    connect: Connect, model: str
) -> None:
    events = await collect(ChatClient(connect("glm")).stream(ask("Answer with the word yes.", model)))

    assert text_of(events)
    assert done_of(events).usage is not None
    assert done_of(events).request_id


async def test_an_unknown_model_has_the_envelope_that_we_read(connect: Connect) -> None:
    body = dialect.body(ask("Hello")) | {"model": "glm-0", "stream": False}
    with pytest.raises(ProviderError) as caught:
        await connect("glm").json("POST", PATH, body=body)

    assert (caught.value.kind, caught.value.vendor_code) == (Kind.MODEL, "1211")


async def test_a_wrong_key_is_of_kind_key(connect: Connect) -> None:
    with pytest.raises(ProviderError) as caught:
        await collect(ChatClient(connect("glm", "made-up.fora-test")).stream(ask("Hello")))

    assert caught.value.kind is Kind.KEY


@pytest.mark.parametrize("model", SEEING)
async def test_images_are_taken_as_bare_base64_within_their_bound(connect: Connect, model: str) -> None:
    seen = Message("user", "Which colour?", media=(Media("image/png", png(256, 256)),))
    request = Request(uuid.uuid4().hex, model_of(model), (seen,), 1000)
    usage = done_of(await collect(ChatClient(connect("glm")).stream(request))).usage

    assert usage is not None
    assert usage.input <= tokens.most_input(request)


@pytest.mark.parametrize("effort", list(Effort))
@pytest.mark.parametrize("model", ["glm-5.3", "glm-5.3-flash", "glm-5.2", "glm-4.7"])
async def test_every_effort_is_taken(connect: Connect, model: str, effort: Effort) -> None:
    events = await collect(ChatClient(connect("glm")).stream(ask("Say yes.", model, effort=effort)))

    assert done_of(events).finish in ("stop", "length")
    if model_of(model).nearest(effort) is Effort.OFF:
        assert reasoning_of(events) == ""


@pytest.mark.parametrize("model", ["glm-5.3", "glm-5.3-flash"])
async def test_the_longest_answer_of_the_catalogue_is_accepted(connect: Connect, model: str) -> None:
    events = await collect(ChatClient(connect("glm")).stream(ask("Say yes.", model, max_output=131_072)))

    assert done_of(events).finish == "stop"


async def test_a_function_is_called_and_its_answer_taken(connect: Connect) -> None:
    client = ChatClient(connect("glm"))
    question = ask("Use the function to add 17 and 25.", "glm-4.7", functions=(FUNCTION,))
    first = await collect(client.stream(question))
    (call,) = done_of(first).tool_calls
    said = Message("assistant", text_of(first), reasoning=reasoning_of(first), tool_calls=(call,))
    answer = Message("tool", "42", tool_call=call.id)
    second = await collect(
        client.stream(ask("So?", "glm-4.7", *question.messages, said, answer, functions=(FUNCTION,)))
    )

    assert orjson.loads(call.arguments) == {"a": 17, "b": 25}
    assert "42" in text_of(second)


async def test_json_is_asked_for_in_words(connect: Connect) -> None:
    schema = {"type": "object", "properties": {"capital": {"type": "string"}}, "required": ["capital"]}
    events = await collect(
        ChatClient(connect("glm")).stream(ask("The capital of France?", json_schema=schema))
    )

    assert orjson.loads(text_of(events))["capital"]


async def test_a_prompt_too_long_is_of_kind_context(connect: Connect) -> None:
    with pytest.raises(ProviderError) as caught:
        await collect(ChatClient(connect("glm")).stream(ask("word " * 250_000, "glm-4.5-flash")))

    assert caught.value.kind is Kind.CONTEXT


async def test_the_web_is_searched_and_a_page_is_read(connect: Connect) -> None:
    search = GlmSearch(connect("glm"))
    found = await search.search(
        "Python release", most=3, recency="year", domain=None, request_id=uuid.uuid4().hex
    )
    page = await search.read_page(found.sources[0].url, request_id=uuid.uuid4().hex)

    assert found.sources[0].title
    assert page.sources[0].text


async def test_a_picture_is_read_into_markdown_within_its_price(connect: Connect) -> None:
    layout, picture = GlmLayout(connect("glm")), Media("image/png", png(64, 64))
    extracted = await layout.extract(picture, request_id=uuid.uuid4().hex)

    assert 0 < extracted.cost <= layout.most_cost(picture)
