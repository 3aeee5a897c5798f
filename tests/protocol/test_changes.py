"""Who is told of a change, and of which."""

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel

from app.protocol.dispatcher import Dispatcher
from app.protocol.metadata import SUBSCRIPTION_ID
from app.protocol.prompts import Prompt
from app.protocol.resources import Resource
from app.protocol.tools import Call
from tests.protocol.conversation import Conversation, Mailbox


class Nothing(BaseModel):
    pass


async def _nothing(_call: Call, _arguments: Nothing) -> list[dict[str, Any]]:
    return []


async def _read(_call: Call, _uri: str, _variables: dict[str, str]) -> str:
    return ""


@pytest.fixture
def dispatcher() -> Dispatcher:
    return Dispatcher(
        name="core",
        version="1",
        instructions="",
        tools=[],
        prompts=[Prompt("p", "P", "P.", Nothing, _nothing)],
        resources=[Resource(f"test://{n}", n, n, n, "text/plain", _read) for n in ("a", "b")],
    )


async def _listen(client: Conversation, **wanted: Any) -> tuple[Mailbox, dict[str, Any]]:
    mailbox = client.post("subscriptions/listen", {"notifications": wanted})
    (acknowledged,) = await mailbox.until(1)
    assert acknowledged["method"] == "notifications/subscriptions/acknowledged"
    agreed: dict[str, Any] = acknowledged["params"]["notifications"]
    return mailbox, agreed


def _told(mailbox: Mailbox) -> list[str]:
    return [message["method"].removeprefix("notifications/") for message in mailbox.sent]


async def test_a_session_hears_of_lists_and_of_what_it_watches(dispatcher: Dispatcher) -> None:
    client, mailbox = Conversation(dispatcher, "2025-11-25"), Mailbox()
    dispatcher.changes.attach(client.session, mailbox)
    await client.result("resources/subscribe", {"uri": "test://a"})
    dispatcher.list_changed("tools")
    dispatcher.resource_updated("test://a")
    dispatcher.resource_updated("test://b")
    await client.result("resources/unsubscribe", {"uri": "test://a"})
    dispatcher.resource_updated("test://a")
    dispatcher.changes.detach(client.session)
    dispatcher.list_changed("prompts")

    assert _told(mailbox) == ["tools/list_changed", "resources/updated"]
    assert mailbox.sent[1]["params"] == {"uri": "test://a"}


async def test_what_is_one_principals_own_is_told_to_nobody_else(dispatcher: Dispatcher) -> None:
    told: dict[str, list[str]] = {}
    for principal in ("owner", "stranger"):
        client, mailbox = Conversation(dispatcher, "2025-11-25", principal=principal), Mailbox()
        dispatcher.changes.attach(client.session, mailbox)
        await client.result("resources/subscribe", {"uri": "test://a"})
        stateless = Conversation(dispatcher, principal=principal)
        stream, _ = await _listen(stateless, resourceSubscriptions=["test://a"])
        dispatcher.resource_updated("test://a", "owner")
        told[principal] = [*_told(mailbox), *_told(stream)[1:]]

    assert told == {"owner": ["resources/updated", "resources/updated"], "stranger": []}


async def test_a_connection_without_a_handshake_is_told_nothing(dispatcher: Dispatcher) -> None:
    client, mailbox = Conversation(dispatcher), Mailbox()
    dispatcher.changes.attach(client.session, mailbox)
    dispatcher.list_changed("tools")

    assert mailbox.sent == []


async def test_a_subscription_hears_what_it_asked_for_and_nothing_else(dispatcher: Dispatcher) -> None:
    client = Conversation(dispatcher)
    mailbox, agreed = await _listen(client, toolsListChanged=True, resourceSubscriptions=["test://a"])
    for kind in ("tools", "prompts", "resources"):
        dispatcher.list_changed(kind)
    dispatcher.resource_updated("test://a")
    dispatcher.resource_updated("test://b")

    assert agreed == {"toolsListChanged": True, "resourceSubscriptions": ["test://a"]}
    assert _told(mailbox)[1:] == ["tools/list_changed", "resources/updated"]
    assert {message["params"]["_meta"][SUBSCRIPTION_ID] for message in mailbox.sent} == {1}


async def test_only_what_the_server_has_is_agreed_to() -> None:
    bare = Dispatcher(name="x", version="1", instructions="", tools=[])
    asked = {"toolsListChanged": True, "promptsListChanged": True, "resourceSubscriptions": ["test://a"]}
    _, agreed = await _listen(Conversation(bare), **asked, unheardOf=True)

    assert agreed == {"toolsListChanged": True}


async def test_a_cancelled_subscription_hears_nothing_more(dispatcher: Dispatcher) -> None:
    client = Conversation(dispatcher)
    mailbox, _ = await _listen(client, toolsListChanged=True)
    client.tell("notifications/cancelled", {"requestId": 1})
    async with asyncio.timeout(5):
        assert await mailbox.reply is None
    dispatcher.list_changed("tools")

    assert _told(mailbox) == ["subscriptions/acknowledged"]
    assert dispatcher.in_flight == 0


async def test_draining_ends_subscriptions_with_a_result(dispatcher: Dispatcher) -> None:
    mailbox, _ = await _listen(Conversation(dispatcher), toolsListChanged=True)
    dispatcher.drain()
    async with asyncio.timeout(5):
        reply = await mailbox.reply

    assert reply is not None
    assert reply["result"]["resultType"] == "complete"
    assert reply["result"]["_meta"][SUBSCRIPTION_ID] == 1


@pytest.mark.parametrize(
    "wanted",
    [None, [], {"resourceSubscriptions": "test://a"}, {"resourceSubscriptions": [1]}, {"taskIds": 7}],
)
async def test_a_malformed_filter_is_refused(dispatcher: Dispatcher, wanted: Any) -> None:
    error = await Conversation(dispatcher).refused("subscriptions/listen", {"notifications": wanted})

    assert error["code"] == -32602


async def test_task_news_need_the_extension(dispatcher: Dispatcher) -> None:
    asked = {"notifications": {"taskIds": ["x"]}}

    assert (await Conversation(dispatcher).refused("subscriptions/listen", asked))["code"] == -32021
