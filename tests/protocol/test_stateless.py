"""The stateless revision: every request says all it needs, every result says what it is."""

from typing import Any

import pytest
from pydantic import BaseModel

from app.protocol.dispatcher import Dispatcher
from app.protocol.metadata import CLIENT_CAPABILITIES, CLIENT_INFO, PROTOCOL_VERSION, SERVER_INFO
from app.protocol.session import Session
from app.protocol.tools import Call, Tool, ToolResult, text
from tests.protocol.conversation import Conversation, Mailbox


class Nothing(BaseModel):
    pass


async def _who(call: Call, _arguments: Nothing) -> ToolResult:
    return ToolResult([text(f"{call.protocol_version} {sorted(call.capabilities)}")])


@pytest.fixture
def dispatcher() -> Dispatcher:
    tools = [Tool("who", "Who", "Says who asks.", Nothing, _who, output=None)]
    return Dispatcher(name="core", version="9", title="The Core", instructions="Be kind.", tools=tools)


@pytest.fixture
def client(dispatcher: Dispatcher) -> Conversation:
    return Conversation(dispatcher, capabilities={"elicitation": {}})


async def test_discover_says_what_this_server_is_and_can_do(client: Conversation) -> None:
    found = await client.result("server/discover")

    assert found["supportedVersions"] == ["2026-07-28"]
    assert found["instructions"] == "Be kind."
    assert found["capabilities"]["tools"] == {"listChanged": True}
    assert "io.modelcontextprotocol/tasks" in found["capabilities"]["extensions"]
    assert found["ttlMs"] > 0
    assert found["cacheScope"] == "private"
    assert found["_meta"][SERVER_INFO] == {"name": "core", "title": "The Core", "version": "9"}


async def test_a_call_needs_no_handshake_and_its_result_says_it_is_complete(client: Conversation) -> None:
    result = await client.result("tools/call", {"name": "who"})

    assert result["resultType"] == "complete"
    assert result["content"][0]["text"] == "2026-07-28 ['elicitation']"


async def test_lists_carry_cache_hints_and_calls_do_not(client: Conversation) -> None:
    assert {"ttlMs", "cacheScope"} <= (await client.result("tools/list")).keys()
    assert not {"ttlMs", "cacheScope"} & (await client.result("tools/call", {"name": "who"})).keys()


async def test_decorating_a_list_does_not_change_it_for_the_next_client(dispatcher: Dispatcher) -> None:
    await Conversation(dispatcher).result("tools/list")
    listed = await Conversation(dispatcher, "2025-11-25").result("tools/list")

    assert listed.keys() == {"tools"}


@pytest.mark.parametrize(
    "method", ["initialize", "ping", "logging/setLevel", "resources/subscribe", "no/such"]
)
async def test_methods_of_the_handshake_era_do_not_exist(client: Conversation, method: str) -> None:
    assert (await client.refused(method, {}))["code"] == -32601


@pytest.mark.parametrize("method", ["server/discover", "subscriptions/listen", "tasks/get"])
async def test_methods_of_this_era_do_not_exist_after_a_handshake(
    dispatcher: Dispatcher, method: str
) -> None:
    assert (await Conversation(dispatcher, "2025-11-25").refused(method, {}))["code"] == -32601


@pytest.mark.parametrize(
    "meta",
    [
        {PROTOCOL_VERSION: "2026-07-28"},
        {PROTOCOL_VERSION: "2026-07-28", CLIENT_CAPABILITIES: None},
        {PROTOCOL_VERSION: "2026-07-28", CLIENT_CAPABILITIES: []},
        {PROTOCOL_VERSION: 20260728, CLIENT_CAPABILITIES: {}},
        {PROTOCOL_VERSION: "2026-07-28", CLIENT_CAPABILITIES: {}, CLIENT_INFO: 7},
        {PROTOCOL_VERSION: "2026-07-28", CLIENT_CAPABILITIES: {}, CLIENT_INFO: {"name": "a"}},
    ],
)
async def test_an_envelope_that_is_incomplete_is_refused(dispatcher: Dispatcher, meta: Any) -> None:
    mailbox = Mailbox()
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": meta}}
    dispatcher.dispatch(Session("me"), mailbox, message)
    reply = mailbox.reply.result()

    assert reply is not None
    assert reply["error"]["code"] == -32602


async def test_a_session_that_must_be_stateless_refuses_a_request_without_an_envelope(
    dispatcher: Dispatcher,
) -> None:
    mailbox = Mailbox()
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    dispatcher.dispatch(Session("me", stateless=True), mailbox, message)
    reply = mailbox.reply.result()

    assert reply is not None
    assert reply["error"]["code"] == -32602


@pytest.mark.parametrize("version", ["2027-01-01", "2025-11-25", ""])
async def test_an_unknown_revision_is_refused_with_the_list_of_those_spoken(
    client: Conversation, version: str
) -> None:
    error = await client.refused("tools/list", {"_meta": {PROTOCOL_VERSION: version}})

    assert error["code"] == -32022
    assert error["data"] == {"supported": ["2026-07-28"], "requested": version}


async def test_both_eras_share_one_connection_without_knowing_of_each_other(dispatcher: Dispatcher) -> None:
    client = Conversation(dispatcher)
    await client.result("tools/list")

    assert client.session.revision is None
    assert client.session.client_capabilities == {}
