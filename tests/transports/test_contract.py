"""What every transport must do alike: the protocol does not depend on how it travels."""

import asyncio
from typing import Any

import pytest

from app.protocol.serving import MAX_CALLS_PER_SESSION
from tests.transports.peers import Peer, call, handshake, initialize, request
from tests.transports.server import Running

REVISIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")


@pytest.mark.parametrize("revision", REVISIONS)
async def test_each_revision_is_agreed_on_as_asked(peer: Peer, revision: str) -> None:
    result = await handshake(peer, revision)

    assert result["protocolVersion"] == revision
    assert result["serverInfo"]["name"] == "fixture"
    assert result["instructions"] == "Use the tools."
    assert "tools" in result["capabilities"]


@pytest.mark.parametrize("revision", ["1999-01-01", "2026-07-28"])
async def test_initialize_never_agrees_on_what_has_no_handshake(peer: Peer, revision: str) -> None:
    assert (await handshake(peer, revision))["protocolVersion"] == "2025-11-25"


async def test_a_call_before_initialize_is_refused(peer: Peer) -> None:
    reply = await peer.exchange(call("echo", {"text": "early"}))

    assert reply["error"]["code"] == -32600


async def test_a_second_initialize_is_refused(peer: Peer) -> None:
    await handshake(peer)
    reply = await peer.exchange(initialize())

    assert reply["error"]["code"] == -32600


@pytest.mark.parametrize(
    "params",
    [{}, {"protocolVersion": 1, "capabilities": {}, "clientInfo": {}}, {"protocolVersion": "2025-11-25"}],
)
async def test_initialize_without_its_parameters_is_refused(peer: Peer, params: Any) -> None:
    reply = await peer.exchange(request("initialize", params))

    assert reply["error"]["code"] == -32602
    assert "protocolVersion" in reply["error"]["message"] or "clientInfo" in reply["error"]["message"]


async def test_ping_is_answered_empty(peer: Peer) -> None:
    await handshake(peer)

    assert (await peer.exchange(request("ping", request_id="p")))["result"] == {}


async def test_tools_are_listed_in_a_fixed_order_with_schemas_that_need_no_definitions(peer: Peer) -> None:
    await handshake(peer)
    first = (await peer.exchange(request("tools/list")))["result"]
    second = (await peer.exchange(request("tools/list", {})))["result"]

    assert first == second
    assert [tool["name"] for tool in first["tools"]] == ["echo", "count", "hold", "add", "broken"]
    echo = first["tools"][0]
    assert echo["annotations"] == {"readOnlyHint": True}
    assert echo["inputSchema"]["type"] == "object"
    assert echo["inputSchema"]["required"] == ["text"]
    assert "$defs" not in str(first)
    assert first["tools"][3]["outputSchema"]["properties"]["total"]["type"] == "integer"


async def test_an_old_revision_is_not_told_of_what_it_does_not_know(peer: Peer) -> None:
    await handshake(peer, "2024-11-05")
    tools = (await peer.exchange(request("tools/list")))["result"]["tools"]
    result = (await peer.exchange(call("add", {"steps": 1})))["result"]

    assert all(tool.keys() == {"name", "description", "inputSchema"} for tool in tools)
    assert "structuredContent" not in result
    assert result["content"] == [{"type": "text", "text": '{"total":2}'}]


async def test_an_unknown_cursor_is_refused(peer: Peer) -> None:
    await handshake(peer)
    reply = await peer.exchange(request("tools/list", {"cursor": "nonsense"}))

    assert reply["error"]["code"] == -32602


async def test_a_call_is_answered_with_its_id_and_principal(peer: Peer, server: Running) -> None:
    await handshake(peer)
    reply = await peer.exchange(call("echo", {"text": "héllo 世界", "manner": "loud"}, request_id="my-id"))

    assert reply["id"] == "my-id"
    assert reply["result"] == {"content": [{"type": "text", "text": "HÉLLO 世界"}], "isError": False}
    assert server.probe.principals == ["tester"]


async def test_structured_output_comes_with_its_text_mirror_and_meta(peer: Peer) -> None:
    await handshake(peer)
    result = (await peer.exchange(call("add", {"steps": 41})))["result"]

    assert result["structuredContent"] == {"total": 42}
    assert result["content"] == [{"type": "text", "text": '{"total":42}'}]
    assert result["_meta"] == {"exai/note": "kept"}


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({}, "text"),
        ({"text": 1}, "text"),
        ({"text": "a", "manner": "rude"}, "manner"),
        ({"text": "a", "extra": 1}, "extra"),
    ],
)
async def test_wrong_arguments_are_an_answer_that_names_the_field(
    peer: Peer, arguments: Any, named: str
) -> None:
    await handshake(peer)
    result = (await peer.exchange(call("echo", arguments)))["result"]

    assert result["isError"] is True
    assert f"'{named}'" in result["content"][0]["text"]


async def test_an_unknown_tool_is_a_protocol_error(peer: Peer) -> None:
    await handshake(peer)
    reply = await peer.exchange(call("no-such-tool", {}))

    assert reply["error"]["code"] == -32602
    assert "no-such-tool" in reply["error"]["message"]


@pytest.mark.parametrize(
    "params",
    [{"name": "echo", "arguments": []}, {"name": 7}, {"name": ["echo"]}, {}, {"name": "echo", "_meta": 1}],
)
async def test_malformed_call_parameters_are_a_protocol_error(peer: Peer, params: Any) -> None:
    await handshake(peer)
    reply = await peer.exchange(request("tools/call", params))

    assert reply["error"]["code"] == -32602


async def test_an_unknown_method_is_refused(peer: Peer) -> None:
    await handshake(peer)

    assert (await peer.exchange(request("tools/paint")))["error"]["code"] == -32601


async def test_a_tool_that_breaks_tells_the_peer_nothing_but_a_reference(
    peer: Peer, caplog: pytest.LogCaptureFixture
) -> None:
    await handshake(peer)
    reply = await peer.exchange(call("broken", {}))

    assert reply["error"]["code"] == -32603
    assert "secret" not in str(reply)
    reference = caplog.records[-1].__dict__["reference"]
    assert reference in reply["error"]["message"]


async def test_progress_comes_before_the_reply_and_only_rises(peer: Peer) -> None:
    await handshake(peer)
    reply = await peer.exchange(call("count", {"steps": 3}, _meta={"progressToken": "t"}))

    assert reply["result"]["content"][0]["text"] == "counted"
    assert [seen["method"] for seen in peer.seen] == ["notifications/progress"] * 3
    assert [seen["params"]["progress"] for seen in peer.seen] == [1, 2, 3]
    assert {seen["params"]["progressToken"] for seen in peer.seen} == {"t"}


async def test_progress_is_not_sent_unasked(peer: Peer) -> None:
    await handshake(peer)
    await peer.exchange(call("count", {"steps": 3}))

    assert peer.seen == []


async def test_a_cancelled_call_is_stopped_and_never_answered(peer: Peer, server: Running) -> None:
    await handshake(peer)
    holding = asyncio.create_task(peer.exchange(call("hold", {}, request_id="held")))
    await server.probe.started.wait()
    await peer.tell({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "held"}})

    assert await holding is None
    async with asyncio.timeout(5):
        await server.probe.cancelled.wait()
    assert server.probe.by_client is True
    # The id is free again, and the session goes on.
    assert "result" in await peer.exchange(request("ping", request_id="held"))


async def test_cancelling_what_is_not_running_does_nothing(peer: Peer) -> None:
    await handshake(peer)
    for params in ({"requestId": "never-was"}, {"requestId": None}, {"requestId": [1]}, {}):
        await peer.tell({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params})

    assert "result" in await peer.exchange(request("ping"))


async def test_an_id_in_flight_cannot_be_used_again(peer: Peer, server: Running) -> None:
    await handshake(peer)
    holding = asyncio.create_task(peer.exchange(call("hold", {}, request_id=7)))
    await server.probe.started.wait()
    if hasattr(peer, "_asked"):
        first = peer._asked.pop(7)
        twin = await peer.exchange(request("ping", request_id=7))
        peer._asked[7] = first
    else:
        twin = await peer.exchange(request("ping", request_id=7))
    server.probe.release.set()

    assert twin["error"]["code"] == -32600
    assert (await holding)["result"]["content"][0]["text"] == "released"


async def test_unknown_notifications_and_stray_responses_are_ignored(peer: Peer) -> None:
    await handshake(peer)
    await peer.tell({"jsonrpc": "2.0", "method": "notifications/unheard-of", "params": {}})
    await peer.tell({"jsonrpc": "2.0", "id": 99, "result": {}})
    await peer.tell({"jsonrpc": "2.0", "id": 98, "error": {"code": 1, "message": "no"}})

    assert "result" in await peer.exchange(request("ping"))


@pytest.mark.parametrize(
    "message",
    [
        {"jsonrpc": "2.0", "id": None, "method": "ping"},
        {"jsonrpc": "2.0", "id": 1.5, "method": "ping"},
        {"jsonrpc": "2.0", "id": True, "method": "ping"},
        {"jsonrpc": "2.0", "id": [], "method": "ping"},
        {"jsonrpc": "1.0", "id": 51, "method": "ping"},
        {"jsonrpc": "2.0", "id": 52, "method": 7},
        {"jsonrpc": "2.0", "id": 53},
        {"jsonrpc": "2.0", "id": 54, "method": "ping", "params": [1]},
        {"jsonrpc": "2.0", "id": 55, "method": "ping", "params": "x"},
        {"jsonrpc": "2.0", "method": "notifications/x", "params": 3},
        {"jsonrpc": "2.0"},
        "text",
        7,
        [],
        [{"jsonrpc": "2.0", "id": 56, "method": "ping"}],
    ],
)  # fmt: skip
async def test_what_is_not_a_request_is_refused_and_the_session_goes_on(peer: Peer, message: Any) -> None:
    await handshake(peer)
    reply = await peer.exchange(message)

    assert reply["error"]["code"] == -32600
    assert "result" in await peer.exchange(request("ping"))


async def test_a_batch_is_answered_as_one_array_in_its_revision(peer: Peer) -> None:
    await handshake(peer, "2025-03-26")
    replies = await peer.exchange(
        [
            call("echo", {"text": "one"}, request_id="b1"),
            {"jsonrpc": "2.0", "method": "notifications/unheard-of"},
            request("ping", request_id="b2"),
            {"jsonrpc": "2.0", "id": None, "method": "ping"},
        ]
    )

    assert {reply["id"] for reply in replies} == {"b1", "b2", None}
    assert next(reply for reply in replies if reply["id"] == "b1")["result"]["content"][0]["text"] == "one"


async def test_a_batch_of_notifications_is_not_answered(peer: Peer) -> None:
    await handshake(peer, "2025-03-26")
    await peer.tell([{"jsonrpc": "2.0", "method": "notifications/unheard-of"}])

    assert "result" in await peer.exchange(request("ping"))


async def test_too_many_calls_in_flight_are_answered_busy(peer: Peer, server: Running) -> None:
    await handshake(peer)
    limit = MAX_CALLS_PER_SESSION
    held = [asyncio.create_task(peer.exchange(call("hold", {}))) for _ in range(limit)]
    await server.probe.arrived(limit)
    reply = await peer.exchange(call("hold", {}))
    server.probe.release.set()

    assert reply["error"]["code"] == -31001
    assert all("result" in answer for answer in await asyncio.gather(*held))
