"""What the bridge does when the server goes, stays away, refuses or changes: frame by frame."""

import asyncio

import pytest

from app.transports.stdio_link import Refused
from tests.transports.peers import call, initialize, request
from tests.transports.stdio.peers import Client
from tests.transports.stdio.scripted import Connection, Scripted, bridged

LOST, UNREACHABLE, DRAINING = -31010, -31011, -31002
INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}


async def opened(client: Client, server: Scripted) -> Connection:
    """Shake hands through the bridge; returns the server's end."""
    answer = await client.begin(initialize())
    connection = await server.connection()
    await client.tell(INITIALIZED)
    await connection.opens()
    await client.receive(answer)
    return connection


async def answer(connection: Connection) -> str:
    """Answer the next call; returns the tool that was called."""
    asked = await connection.hears("tools/call")
    await connection.says({"id": asked["id"], "result": {"content": []}})
    name: str = asked["params"]["name"]
    return name


async def test_the_handshake_is_repeated_and_its_answer_swallowed() -> None:
    async with bridged() as (client, server, _):
        first = await opened(client, server)
        await first.leaves(1001)
        second = await server.connection()
        asked = await second.opens()
        called = await client.begin(call("after"))

        assert await answer(second) == "after"

        await client.receive(called)

        assert asked["params"] == initialize()["params"]
        assert client.seen == []
        assert client.doubled == []


async def test_log_level_and_subscriptions_go_on_too() -> None:
    async with bridged() as (client, server, _):
        first = await opened(client, server)
        for method, params in (
            ("logging/setLevel", {"level": "info"}),
            ("logging/setLevel", {"level": "error"}),
            ("resources/subscribe", {"uri": "test://kept"}),
            ("resources/subscribe", {"uri": "test://dropped"}),
            ("resources/unsubscribe", {"uri": "test://dropped"}),
        ):
            asked = await client.begin(request(method, params))
            heard = await first.hears(method)
            await first.says({"id": heard["id"], "result": {}})
            await client.receive(asked)
        first.breaks()
        second = await server.connection()
        await second.opens()
        again = [await second.hears(), await second.hears()]
        for message in again:
            await second.says({"id": message["id"], "result": {}})
        called = await client.begin(call("after"))
        await answer(second)
        await client.receive(called)

        assert [(message["method"], message["params"]) for message in again] == [
            ("logging/setLevel", {"level": "error"}),
            ("resources/subscribe", {"uri": "test://kept"}),
        ]
        assert client.seen == []


async def test_an_initialize_that_was_not_answered_is_asked_again() -> None:
    async with bridged() as (client, server, _):
        opening = await client.begin(initialize())
        first = await server.connection()
        await first.hears("initialize")
        first.breaks()
        second = await server.connection()
        await client.tell(INITIALIZED)
        await second.opens()

        assert (await client.receive(opening))["result"]["serverInfo"]["name"] == "scripted"


async def test_a_request_of_the_stateless_era_needs_no_handshake_after_a_break() -> None:
    async with bridged() as (client, server, _):
        asked = await client.begin(request("server/discover", {"_meta": {}}))
        first = await server.connection()
        await first.hears("server/discover")
        first.breaks()

        assert (await client.receive(asked))["error"]["code"] == LOST

        asked = await client.begin(call("after"))
        second = await server.connection()

        assert await answer(second) == "after"

        await client.receive(asked)


async def test_without_a_server_requests_are_answered_when_patience_is_over_and_then_at_once() -> None:
    async with bridged(patience_seconds=0.2) as (client, server, _):
        server.status = 503
        reply = await client.exchange(initialize())

        assert reply["error"]["code"] == UNREACHABLE
        assert reply["error"]["data"] == {"executed": "no"}
        assert "takes no connections now (503)" in reply["error"]["message"]

        await client.tell(INITIALIZED)

        assert (await client.exchange(request("ping")))["error"]["code"] == UNREACHABLE

        server.status = None
        connection = await server.connection()
        await connection.hears("notifications/initialized")
        asked = await client.begin(initialize())
        heard = await connection.hears("initialize")
        await connection.says({"id": heard["id"], "result": {"protocolVersion": "2025-11-25"}})

        assert "result" in await client.receive(asked)
        assert len([told for told in server.told if "503" in told]) == 1


async def test_a_cancelled_request_that_still_waits_is_never_sent() -> None:
    async with bridged() as (client, server, _):
        first = await opened(client, server)
        server.status = 503
        server.tried.clear()
        await first.leaves(1001)
        await server.tried.wait()
        cancelled, kept = call("cancelled"), call("kept")
        unanswered = await client.begin(cancelled)
        answered = await client.begin(kept)
        params = {"requestId": cancelled["id"]}
        await client.tell({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params})
        # Bad JSON is answered by the bridge itself: by then it has read everything before it.
        await client.write(b"{\n")
        await client.saw(None)
        server.status = None
        second = await server.connection()
        await second.opens()

        assert await answer(second) == "kept"

        await client.receive(answered)

        assert not unanswered.done()


async def test_a_server_that_refuses_again_and_again_is_not_asked_for_ever() -> None:
    async with bridged() as (client, server, _):
        connection = await opened(client, server)
        asked = await client.begin(call("refused"))
        for attempt in range(1, 4):
            heard = await connection.hears("tools/call")
            refusal = {"code": DRAINING, "message": "not executed"}
            await connection.says({"id": heard["id"], "error": refusal})
            if attempt < 3:
                await connection.leaves(1001)
                connection = await server.connection()
                await connection.opens()

        assert (await client.receive(asked))["error"] == {"code": DRAINING, "message": "not executed"}


async def test_what_a_draining_server_refuses_late_goes_to_the_server_already_in_use() -> None:
    refusal = {"code": DRAINING, "message": "not executed"}
    async with bridged() as (client, server, _):
        old = await opened(client, server)
        early, late = await client.begin(call("early")), await client.begin(call("late"))
        heard = [await old.hears("tools/call"), await old.hears("tools/call")]
        await old.says({"id": heard[0]["id"], "error": refusal})
        new = await server.connection()
        await new.opens()

        assert await answer(new) == "early"

        await client.receive(early)
        await old.says({"id": heard[1]["id"], "error": refusal})

        assert await answer(new) == "late"

        await client.receive(late)


async def test_what_still_runs_when_the_bridge_is_told_to_stop_is_answered_as_unknown() -> None:
    async with bridged() as (client, server, bridge):
        connection = await opened(client, server)
        running = await client.begin(call("running"))
        await connection.hears("tools/call")
        bridge.cancel()

        assert (await client.receive(running))["error"]["code"] == LOST


async def test_a_question_of_the_server_is_withdrawn_when_its_connection_breaks() -> None:
    async with bridged() as (client, server, _):
        first = await opened(client, server)
        await first.says({"id": 7, "method": "elicitation/create", "params": {}})
        await client.saw("elicitation/create")
        first.breaks()
        withdrawn = await client.saw("notifications/cancelled")
        second = await server.connection()
        await second.opens()
        await client.tell(
            {"jsonrpc": "2.0", "id": 7, "result": {"action": "accept"}}
        )  # too late: nobody asks
        called = await client.begin(call("after"))

        assert await answer(second) == "after"
        assert withdrawn["params"]["requestId"] == 7

        await client.receive(called)


async def test_an_answer_to_the_server_goes_to_the_connection_that_asked() -> None:
    async with bridged() as (client, server, _):
        connection = await opened(client, server)
        await connection.says({"id": "q1", "method": "elicitation/create", "params": {}})
        await client.saw("elicitation/create")
        await client.tell({"jsonrpc": "2.0", "id": "q1", "result": {"action": "decline"}})

        assert (await connection.hears())["result"] == {"action": "decline"}


async def test_another_release_of_the_server_makes_the_client_fetch_its_lists_again() -> None:
    async with bridged() as (client, server, _):
        first = await opened(client, server)
        await first.leaves(1001)
        second = await server.connection()
        await second.opens(version="2")
        await client.saw("notifications/tools/list_changed")

        assert [message["method"] for message in client.seen] == ["notifications/tools/list_changed"]


async def test_a_server_that_agrees_on_another_revision_ends_the_bridge() -> None:
    async with bridged() as (client, server, bridge):
        first = await opened(client, server)
        await first.leaves(1001)
        second = await server.connection()
        asked = await second.hears("initialize")
        await second.says({"id": asked["id"], "result": {"protocolVersion": "2024-11-05"}})

        with pytest.raises(Refused, match="restart the client"):
            await bridge


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (401, "does not accept the token"),
        (403, "does not accept the token"),
        (404, "no MCP server over WebSocket"),
        (421, "ALLOWED_HOSTS"),
    ],
)
async def test_a_refusal_that_would_stay_one_ends_the_bridge(status: int, sentence: str) -> None:
    async with bridged() as (_, server, bridge):
        server.status = status
        with pytest.raises(Refused, match=sentence):
            await bridge

        assert server.attempts == 1


async def test_a_batch_in_flight_is_answered_one_by_one_when_its_connection_breaks() -> None:
    async with bridged() as (client, server, _):
        connection = await opened(client, server)
        first, second = call("first"), call("second")
        answers = [asyncio.get_running_loop().create_future() for _ in range(2)]
        client._asked.update({first["id"]: answers[0], second["id"]: answers[1]})
        await client.tell([first, second])
        await connection.socket.receive()
        connection.breaks()

        assert [(await client.receive(found))["error"]["code"] for found in answers] == [LOST, LOST]


async def test_what_is_not_json_rpc_is_answered_here_and_harms_no_call() -> None:
    async with bridged(max_message_bytes=100_000) as (client, server, _):
        connection = await opened(client, server)
        for line in (b"{", b"42", b'"x"', b"\xff\xfe", b"x" * 500_000):
            await client.write(line + b"\n")
        await client.write(b"\n  \n")
        called = await client.begin(call("after"))

        assert await answer(connection) == "after"

        await client.receive(called)
        codes = [message["error"]["code"] for message in client.seen]

        assert codes == [-32700, -32600, -32600, -32700, -32600]


async def test_a_frame_over_several_lines_leaves_as_one_line() -> None:
    async with bridged() as (client, server, _):
        connection = await opened(client, server)
        called = await client.begin(call("pretty"))
        heard = await connection.hears("tools/call")
        pretty = '{\n "jsonrpc": "2.0",\r\n "id": ID,\n "result": {"text": "a\\nb"}\n}'
        await connection.socket.send_str(pretty.replace("ID", str(heard["id"])))

        assert (await client.receive(called))["result"] == {"text": "a\nb"}


async def test_at_the_end_of_stdin_a_stream_that_never_ends_is_not_waited_for() -> None:
    async with bridged(finish_seconds=60) as (client, server, bridge):
        connection = await opened(client, server)
        await client.begin(request("subscriptions/listen", {}))
        await connection.hears("subscriptions/listen")
        client.close()
        closed = await connection.socket.receive()
        connection.closed.set()
        async with asyncio.timeout(10):
            await bridge

        assert closed.data == 1000
