"""Prompts, resources, completion and log messages, in both eras."""

from typing import Any

import pytest
from pydantic import BaseModel, Field

from app.protocol.completions import Complete
from app.protocol.dispatcher import Dispatcher
from app.protocol.metadata import LOG_LEVEL
from app.protocol.prompts import Prompt
from app.protocol.resources import MAX_SUBSCRIPTIONS, Resource
from app.protocol.tools import Call, Tool, ToolResult, text
from tests.protocol.conversation import Conversation

ERAS = ("2024-11-05", "2025-11-25", "2026-07-28")
FACES = [f"face-{n:03}" for n in range(150)]


class Nothing(BaseModel):
    pass


class Topic(BaseModel):
    topic: str = Field(description="what to write about")
    tone: str = "plain"


async def _write(_call: Call, arguments: Topic) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text(f"{arguments.tone}: {arguments.topic}")}]


async def _silent(_call: Call, _arguments: Nothing) -> list[dict[str, Any]]:
    return []


async def _plain(_call: Call, uri: str, variables: dict[str, str]) -> str:
    return f"{uri} {variables}"


async def _binary(_call: Call, _uri: str, _variables: dict[str, str]) -> bytes:
    return b"\x00\xff"


async def _talk(call: Call, _arguments: Nothing) -> ToolResult:
    for level in ("debug", "info", "error"):
        await call.log(level, {"said": level}, "talker")
    return ToolResult([])


async def _complete(_call: Call, asked: Complete) -> list[str]:
    return [face for face in FACES if face.startswith(asked.argument.value)]


@pytest.fixture
def dispatcher() -> Dispatcher:
    return Dispatcher(
        name="core",
        version="1",
        instructions="",
        tools=[Tool("talk", "Talk", "Logs.", Nothing, _talk)],
        prompts=[
            Prompt("write", "Write", "Writes.", Topic, _write),
            Prompt("plain", "Plain", "Takes nothing.", Nothing, _silent),
        ],
        resources=[
            Resource("test://plain", "plain", "Plain", "Text.", "text/plain", _plain),
            Resource("test://binary", "binary", "Binary", "Bytes.", "application/octet-stream", _binary),
            Resource("test://{kind}/{id}.txt", "each", "Each", "One of many.", "text/plain", _plain),
        ],
        completer=_complete,
        logging=True,
    )


@pytest.fixture(params=ERAS)
async def client(request: pytest.FixtureRequest, dispatcher: Dispatcher) -> Conversation:
    return Conversation(dispatcher, request.param)


async def test_what_is_offered_is_declared(dispatcher: Dispatcher) -> None:
    declared = Conversation(dispatcher, "2025-11-25").opened["capabilities"]
    bare = Dispatcher(name="x", version="1", instructions="", tools=[])

    assert declared.keys() == {"tools", "prompts", "resources", "completions", "logging"}
    assert Conversation(bare, "2025-11-25").opened["capabilities"].keys() == {"tools"}


async def test_what_is_not_offered_does_not_exist() -> None:
    bare = Dispatcher(name="x", version="1", instructions="", tools=[])
    for method in ("prompts/list", "prompts/get", "resources/list", "resources/read", "completion/complete"):
        for revision in ERAS:
            assert (await Conversation(bare, revision).refused(method))["code"] == -32601


async def test_prompts_are_listed_with_their_arguments(client: Conversation) -> None:
    prompt, bare = (await client.result("prompts/list"))["prompts"]

    assert bare["arguments"] == []
    assert prompt["arguments"] == [
        {"name": "topic", "required": True, "description": "what to write about"},
        {"name": "tone", "required": False},
    ]


async def test_a_prompt_is_filled_in(client: Conversation) -> None:
    result = await client.result("prompts/get", {"name": "write", "arguments": {"topic": "rain"}})

    assert result["messages"] == [{"role": "user", "content": {"type": "text", "text": "plain: rain"}}]
    assert result["description"] == "Writes."


@pytest.mark.parametrize(
    "params", [{}, {"name": 7}, {"name": "no"}, {"name": "write"}, {"name": "write", "arguments": []}]
)
async def test_a_prompt_that_does_not_fit_is_refused(client: Conversation, params: dict[str, Any]) -> None:
    assert (await client.refused("prompts/get", params))["code"] == -32602


@pytest.mark.parametrize("arguments", [[], "", 0, False])
async def test_prompt_arguments_that_are_no_object_are_refused_even_when_none_are_needed(
    client: Conversation, arguments: Any
) -> None:
    assert (await client.result("prompts/get", {"name": "plain", "arguments": None}))["messages"] == []
    assert (await client.refused("prompts/get", {"name": "plain", "arguments": arguments}))["code"] == -32602


async def test_resources_and_templates_are_listed_apart(client: Conversation) -> None:
    listed = (await client.result("resources/list"))["resources"]
    templates = (await client.result("resources/templates/list"))["resourceTemplates"]

    assert [resource["uri"] for resource in listed] == ["test://plain", "test://binary"]
    assert [template["uriTemplate"] for template in templates] == ["test://{kind}/{id}.txt"]


async def test_text_and_bytes_are_read(client: Conversation) -> None:
    (plain,) = (await client.result("resources/read", {"uri": "test://plain"}))["contents"]
    (binary,) = (await client.result("resources/read", {"uri": "test://binary"}))["contents"]

    assert plain == {"uri": "test://plain", "mimeType": "text/plain", "text": "test://plain {}"}
    assert binary["blob"] == "AP8="


async def test_a_template_hands_over_its_variables_decoded(client: Conversation) -> None:
    (contents,) = (await client.result("resources/read", {"uri": "test://a%20b/7.txt"}))["contents"]

    assert contents["text"] == "test://a%20b/7.txt {'kind': 'a b', 'id': '7'}"


@pytest.mark.parametrize(
    "uri", ["test://nothing", "test://a/b/c.txt", "test://a/.txt", "file:///etc/passwd", ""]
)
async def test_a_resource_that_is_not_there_is_named_in_the_error(client: Conversation, uri: str) -> None:
    error = await client.refused("resources/read", {"uri": uri})

    assert error["code"] == (-32602 if client.session.revision is None else -32002)
    assert error["data"] == {"uri": uri}


@pytest.mark.parametrize("method", ["resources/read", "resources/subscribe", "resources/unsubscribe"])
async def test_a_uri_must_be_text(dispatcher: Dispatcher, method: str) -> None:
    assert (await Conversation(dispatcher, "2025-11-25").refused(method, {"uri": 7}))["code"] == -32602


async def test_a_session_cannot_watch_without_bound(dispatcher: Dispatcher) -> None:
    client = Conversation(dispatcher, "2025-11-25")
    for n in range(MAX_SUBSCRIPTIONS):
        await client.result("resources/subscribe", {"uri": f"test://a/{n}.txt"})

    assert (await client.refused("resources/subscribe", {"uri": "test://plain"}))["code"] == -32602
    await client.result("resources/unsubscribe", {"uri": "test://a/1.txt"})
    await client.result("resources/subscribe", {"uri": "test://plain"})


async def test_suggestions_are_bounded_and_counted(client: Conversation) -> None:
    asked = {
        "ref": {"type": "ref/prompt", "name": "write"},
        "argument": {"name": "topic", "value": "face-00"},
    }
    few = (await client.result("completion/complete", asked))["completion"]
    asked["argument"]["value"] = ""
    many = (await client.result("completion/complete", asked))["completion"]

    assert few == {"values": FACES[:10], "total": 10, "hasMore": False}
    assert len(many["values"]) == 100
    assert (many["total"], many["hasMore"]) == (150, True)


@pytest.mark.parametrize(
    "params", [{}, {"ref": {"type": "ref/other"}, "argument": {"name": "a", "value": "b"}}]
)
async def test_a_completion_that_does_not_fit_is_refused(
    client: Conversation, params: dict[str, Any]
) -> None:
    assert (await client.refused("completion/complete", params))["code"] == -32602


async def _said(client: Conversation, params: dict[str, Any] | None = None) -> list[str]:
    mailbox = client.post("tools/call", {"name": "talk"} | (params or {}))
    await mailbox.reply
    assert all(message["method"] == "notifications/message" for message in mailbox.sent)
    assert all(message["params"]["logger"] == "talker" for message in mailbox.sent)
    return [message["params"]["level"] for message in mailbox.sent]


async def test_a_session_is_sent_the_levels_it_asked_for(dispatcher: Dispatcher) -> None:
    client = Conversation(dispatcher, "2025-11-25")
    unasked = await _said(client)
    await client.result("logging/setLevel", {"level": "error"})
    errors = await _said(client)
    await client.result("logging/setLevel", {"level": "debug"})

    assert unasked == ["info", "error"]
    assert errors == ["error"]
    assert await _said(client) == ["debug", "info", "error"]
    assert (await client.refused("logging/setLevel", {"level": "loud"}))["code"] == -32602


async def test_a_stateless_request_is_sent_log_messages_only_if_it_asks(dispatcher: Dispatcher) -> None:
    client = Conversation(dispatcher)

    assert await _said(client) == []
    assert await _said(client, {"_meta": {LOG_LEVEL: "error"}}) == ["error"]
    assert await _said(client, {"_meta": {LOG_LEVEL: "nonsense"}}) == []
