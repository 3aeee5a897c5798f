"""Asking the client: a request and a wait in one era, another round in the other."""

from typing import Any

import pytest
from pydantic import BaseModel

from app.protocol.dispatcher import Dispatcher
from app.protocol.prompts import Prompt
from app.protocol.resources import Resource
from app.protocol.tools import Call, Tool, ToolResult, text
from tests.protocol.conversation import Conversation

ELICIT = {"elicitation": {}}
WHO: dict[str, Any] = {"method": "elicitation/create", "params": {"message": "Who are you?"}}


class Nothing(BaseModel):
    pass


class Word(BaseModel):
    word: str = "hello"


def _accept(**content: Any) -> dict[str, Any]:
    return {"action": "accept", "content": content}


async def _greet(call: Call, arguments: Word) -> ToolResult:
    answers = await call.ask({"who": WHO})
    return ToolResult([text(f"{arguments.word} {answers['who']['content']['name']}")])


async def _two_rounds(call: Call, _arguments: Nothing) -> ToolResult:
    first = await call.ask({"first": WHO})
    call.state["seen"] = first["first"]["content"]["name"]
    second = await call.ask({"second": WHO, "third": WHO})
    names = [answer["content"]["name"] for answer in second.values()]
    return ToolResult([text(" ".join([call.state["seen"], *names]))])


async def _prompt(call: Call, _arguments: Nothing) -> list[dict[str, Any]]:
    answers = await call.ask({"who": WHO})
    return [{"role": "user", "content": text(answers["who"]["content"]["name"])}]


async def _read(call: Call, _uri: str, _variables: dict[str, str]) -> str:
    return str((await call.ask({"who": WHO}))["who"]["content"]["name"])


@pytest.fixture
def dispatcher() -> Dispatcher:
    return Dispatcher(
        name="core",
        version="1",
        instructions="",
        tools=[
            Tool("greet", "Greet", "Greets.", Word, _greet),
            Tool("rounds", "Rounds", "Asks twice.", Nothing, _two_rounds),
        ],
        prompts=[Prompt("prompt", "Prompt", "Asks.", Nothing, _prompt)],
        resources=[Resource("test://asks", "asks", "Asks", "Asks.", "text/plain", _read)],
    )


async def test_in_the_handshake_era_the_server_asks_on_the_calls_own_channel(dispatcher: Dispatcher) -> None:
    answers = {"elicitation/create": {"result": _accept(name="Ada")}}
    client = Conversation(dispatcher, "2025-11-25", capabilities=ELICIT, answers=answers)
    mailbox = client.post("tools/call", {"name": "greet"})
    reply = await mailbox.reply

    assert reply is not None
    assert reply["result"]["content"][0]["text"] == "hello Ada"
    assert [message["method"] for message in mailbox.sent] == ["elicitation/create"]
    assert client.session.asked == {}


async def test_an_error_of_the_client_ends_the_call_with_one(dispatcher: Dispatcher) -> None:
    client = Conversation(dispatcher, "2025-11-25", capabilities=ELICIT)

    assert "elicitation/create" in (await client.refused("tools/call", {"name": "greet"}))["message"]


@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
async def test_a_question_the_client_cannot_answer_is_not_asked(
    dispatcher: Dispatcher, revision: str
) -> None:
    error = await Conversation(dispatcher, revision).refused("tools/call", {"name": "greet"})

    assert error["code"] == -32021
    assert error["data"] == {"requiredCapabilities": {"elicitation": {}}}


async def test_a_stateless_call_ends_with_its_questions_and_goes_on_with_the_answers(
    dispatcher: Dispatcher,
) -> None:
    client = Conversation(dispatcher, capabilities=ELICIT)
    asked = await client.result("tools/call", {"name": "greet"})
    retry = {
        "name": "greet",
        "requestState": asked["requestState"],
        "inputResponses": {"who": _accept(name="Ada"), "stray": {}},
    }
    result = await client.result("tools/call", retry)

    assert asked["resultType"] == "input_required"
    assert asked["inputRequests"] == {"who": WHO}
    assert result["resultType"] == "complete"
    assert result["content"][0]["text"] == "hello Ada"


async def test_earlier_answers_and_state_travel_from_round_to_round(dispatcher: Dispatcher) -> None:
    client = Conversation(dispatcher, capabilities=ELICIT)
    call: dict[str, Any] = {"name": "rounds"}
    one = await client.result("tools/call", call)
    two = await client.result(
        "tools/call",
        call | {"requestState": one["requestState"], "inputResponses": {"first": _accept(name="a")}},
    )
    partly = await client.result(
        "tools/call",
        call | {"requestState": two["requestState"], "inputResponses": {"third": _accept(name="c")}},
    )
    done = await client.result(
        "tools/call",
        call | {"requestState": partly["requestState"], "inputResponses": {"second": _accept(name="b")}},
    )

    assert two["inputRequests"].keys() == {"second", "third"}
    assert partly["inputRequests"].keys() == {"second"}
    assert done["content"][0]["text"] == "a b c"


@pytest.mark.parametrize(
    ("method", "params"),
    [("prompts/get", {"name": "prompt"}), ("resources/read", {"uri": "test://asks"})],
)
async def test_prompts_and_resources_may_ask_too(
    dispatcher: Dispatcher, method: str, params: dict[str, Any]
) -> None:
    client = Conversation(dispatcher, capabilities=ELICIT)
    asked = await client.result(method, params)
    answered = {"requestState": asked["requestState"], "inputResponses": {"who": _accept(name="Ada")}}

    assert "Ada" in str(await client.result(method, params | answered))


async def _state(client: Conversation, **arguments: Any) -> str:
    asked = await client.result("tools/call", {"name": "greet", "arguments": arguments})
    state: str = asked["requestState"]
    return state


async def test_forged_foreign_and_misplaced_state_is_refused(dispatcher: Dispatcher) -> None:
    mine = Conversation(dispatcher, capabilities=ELICIT)
    other = Conversation(dispatcher, capabilities=ELICIT, principal="somebody else")
    state = await _state(mine)
    answers = {"inputResponses": {"who": _accept(name="Eve")}}
    call = {"name": "greet", "arguments": {}} | answers
    refused = [
        await mine.refused("tools/call", call | {"requestState": state[:-2] + "xx"}),
        await mine.refused("tools/call", call | {"requestState": ""}),
        await mine.refused("tools/call", call | {"requestState": 7}),
        await other.refused("tools/call", call | {"requestState": state}),
        await mine.refused("tools/call", call | {"requestState": state, "arguments": {"word": "bye"}}),
        await mine.refused("tools/call", {"name": "rounds", "requestState": state}),
    ]

    assert {error["code"] for error in refused} == {-32602}


@pytest.mark.parametrize("responses", [[], "x", {"who": "Ada"}, {"who": None}])
async def test_malformed_answers_are_refused(dispatcher: Dispatcher, responses: Any) -> None:
    client = Conversation(dispatcher, capabilities=ELICIT)

    assert (await client.refused("tools/call", {"name": "greet", "inputResponses": responses}))[
        "code"
    ] == -32602
