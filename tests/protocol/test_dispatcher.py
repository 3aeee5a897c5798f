"""The core by itself: in-process calls, deadlines, draining, and what a channel is promised."""

import asyncio
from typing import Any

import orjson
import pytest
from pydantic import BaseModel

from app.protocol import deadlines
from app.protocol.dispatcher import Dispatcher
from app.protocol.errors import InvalidParams
from app.protocol.session import Session
from app.protocol.tools import Call, Tool, ToolResult, text


class Nothing(BaseModel):
    pass


class Mailbox:
    """A channel that keeps what it is given."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.replies: asyncio.Queue[tuple[Any, int]] = asyncio.Queue()

    async def send(self, message: bytes) -> None:
        self.sent.append(orjson.loads(message))

    def finish(self, reply: bytes | None, code: int = 0) -> None:
        self.replies.put_nowait((None if reply is None else orjson.loads(reply), code))


async def _hold(_call: Call, _arguments: Nothing) -> ToolResult:
    await asyncio.Event().wait()
    raise AssertionError("nobody releases it")


async def _stubborn(call: Call, _arguments: Nothing) -> ToolResult:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        await call.progress(99)
    return ToolResult([text("too late")])


async def _name(call: Call, _arguments: Nothing) -> ToolResult:
    return ToolResult([text(f"{call.principal} {call.protocol_version} {call.meta}")])


async def _shapeless(_call: Call, _arguments: Nothing) -> ToolResult:
    return ToolResult([text("no structure")])


def _tool(name: str, handler: Any, **more: Any) -> Tool[Nothing]:
    return Tool(name, name.title(), f"Does {name}.", Nothing, handler, **more)


def _dispatcher(**options: Any) -> Dispatcher:
    tools = [
        _tool("hold", _hold),
        _tool("stubborn", _stubborn),
        _tool("name", _name),
        _tool("shapeless", _shapeless, output=Nothing),
    ]
    return Dispatcher(name="core", version="1", instructions="", tools=tools, **options)


def _opened(dispatcher: Dispatcher, mailbox: Mailbox) -> Session:
    session = Session("me")
    params = {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "t", "version": "1"},
    }
    assert dispatcher.dispatch(
        session, mailbox, {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}
    )
    mailbox.replies.get_nowait()
    return session


def _call(tool: str, request_id: Any = 1, **more: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": request_id, "method": "tools/call", "params": {"name": tool, **more}}


async def test_a_call_in_process_needs_no_session() -> None:
    result = await _dispatcher().call_in_process("name", {}, "self-check")

    assert result.content == [text("self-check 2025-11-25 {}")]


async def test_a_call_in_process_of_an_unknown_tool_raises() -> None:
    with pytest.raises(InvalidParams, match="nothing-like-it"):
        await _dispatcher().call_in_process("nothing-like-it", {}, "self-check")


def test_two_tools_of_one_name_are_refused_at_start() -> None:
    with pytest.raises(ValueError, match="twin"):
        Dispatcher(name="x", version="1", instructions="", tools=[_tool("twin", _name), _tool("twin", _name)])


async def test_a_call_past_its_time_is_stopped_and_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "SWEEP_SECONDS", 0.01)
    dispatcher, mailbox = _dispatcher(call_timeout_seconds=0.02), Mailbox()
    dispatcher.dispatch(_opened(dispatcher, mailbox), mailbox, _call("hold"))
    reply, _ = await mailbox.replies.get()

    assert reply["result"]["isError"] is True
    assert "0.02 s" in reply["result"]["content"][0]["text"]
    assert dispatcher.in_flight == 0


async def test_nothing_follows_a_cancellation_even_from_a_handler_that_goes_on() -> None:
    dispatcher, mailbox = _dispatcher(), Mailbox()
    session = _opened(dispatcher, mailbox)
    dispatcher.dispatch(session, mailbox, _call("stubborn", _meta={"progressToken": 1}))
    await asyncio.sleep(0)
    cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
    dispatcher.dispatch(session, mailbox, cancel)

    assert await mailbox.replies.get() == (None, 0)
    assert mailbox.sent == []


async def test_a_call_cancelled_in_the_loop_turn_that_began_it_is_stopped() -> None:
    dispatcher, mailbox = _dispatcher(), Mailbox()
    session = _opened(dispatcher, mailbox)
    dispatcher.dispatch(session, mailbox, _call("hold"))
    dispatcher.dispatch(
        session, mailbox, {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
    )

    assert await mailbox.replies.get() == (None, 0)
    assert session.calls == {}
    assert dispatcher.in_flight == 0


async def test_a_call_that_never_waits_is_answered_in_the_loop_turn_that_brought_it() -> None:
    dispatcher, mailbox = _dispatcher(), Mailbox()
    dispatcher.dispatch(_opened(dispatcher, mailbox), mailbox, _call("name"))

    assert mailbox.replies.get_nowait()[0]["id"] == 1


async def test_a_call_counts_as_in_flight_from_its_first_step_on() -> None:
    counted = []

    async def count(call: Call, _arguments: Nothing) -> ToolResult:
        counted.append(call.session.in_flight)
        await asyncio.sleep(0)
        counted.append(call.session.in_flight)
        return ToolResult([])

    dispatcher = Dispatcher(name="x", version="1", instructions="", tools=[_tool("count", count)])
    mailbox = Mailbox()
    session = _opened(dispatcher, mailbox)
    dispatcher.dispatch(session, mailbox, _call("count"))
    await mailbox.replies.get()

    assert counted == [1, 1]
    assert (session.in_flight, dispatcher.in_flight) == (0, 0)


async def test_a_call_stopped_by_its_own_first_step_is_stopped() -> None:
    async def suicidal(call: Call, _arguments: Nothing) -> ToolResult:
        call.stop("it asked for that")
        await asyncio.Event().wait()
        raise AssertionError("nobody releases it")

    dispatcher = Dispatcher(name="x", version="1", instructions="", tools=[_tool("suicidal", suicidal)])
    mailbox = Mailbox()
    dispatcher.dispatch(_opened(dispatcher, mailbox), mailbox, _call("suicidal"))
    reply, _ = await mailbox.replies.get()

    assert "it asked for that" in reply["result"]["content"][0]["text"]


async def test_an_abandoned_session_stops_its_calls() -> None:
    dispatcher, mailbox = _dispatcher(), Mailbox()
    session = _opened(dispatcher, mailbox)
    dispatcher.dispatch(session, mailbox, _call("hold"))
    session.abandon()

    assert await mailbox.replies.get() == (None, 0)


async def test_a_draining_server_refuses_calls_but_answers_ping() -> None:
    dispatcher, mailbox = _dispatcher(), Mailbox()
    session = _opened(dispatcher, mailbox)
    dispatcher.drain()
    dispatcher.dispatch(session, mailbox, _call("name"))
    dispatcher.dispatch(session, mailbox, {"jsonrpc": "2.0", "id": 2, "method": "ping"})

    refused, code = await mailbox.replies.get()
    assert refused["error"]["code"] == code == -31002
    assert (await mailbox.replies.get())[0]["result"] == {}


async def test_a_tool_that_owes_structure_and_has_none_is_a_fault_of_ours() -> None:
    dispatcher, mailbox = _dispatcher(), Mailbox()
    dispatcher.dispatch(_opened(dispatcher, mailbox), mailbox, _call("shapeless"))

    assert (await mailbox.replies.get())[1] == -32603


async def test_handlers_see_the_meta_of_their_request() -> None:
    dispatcher, mailbox = _dispatcher(), Mailbox()
    dispatcher.dispatch(
        _opened(dispatcher, mailbox), mailbox, _call("name", _meta={"exai/idempotency-key": "k"})
    )
    reply, _ = await mailbox.replies.get()

    assert "'exai/idempotency-key': 'k'" in reply["result"]["content"][0]["text"]


@pytest.mark.parametrize("token", [True, 1.5, [], {}])
async def test_a_progress_token_of_the_wrong_type_is_refused(token: Any) -> None:
    dispatcher, mailbox = _dispatcher(), Mailbox()
    dispatcher.dispatch(_opened(dispatcher, mailbox), mailbox, _call("name", _meta={"progressToken": token}))

    assert (await mailbox.replies.get())[1] == -32602


@pytest.mark.parametrize(
    "frame", [b"", b"{", b'{"a": NaN}', b"\xff", b"[" * 5000 + b"]" * 5000, b'"\\ud800"', b"{}{}"]
)
async def test_what_is_not_json_is_answered_with_a_parse_error(frame: bytes) -> None:
    dispatcher, mailbox = _dispatcher(), Mailbox()
    assert dispatcher.receive(Session("me"), mailbox, frame)
    reply, code = await mailbox.replies.get()

    assert "id" not in reply
    assert reply["error"]["code"] == code == -32700
