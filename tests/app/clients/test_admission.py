"""Who may call what, and how often, over a real dispatcher."""

from pathlib import Path

import orjson
import pytest

from app.clients.admission import ClientAdmission
from app.protocol.session import Session
from app.settings.server_file import parse
from app.shared.in_process import InProcess
from tests.transports.server import Probe, make_dispatcher

TOOLS = frozenset({"echo", "count", "hold", "add", "broken"})
DIGESTS = ("a" * 64, "b" * 64)
FILE = f"""
[clients.narrow]
token_sha256 = "{DIGESTS[0]}"
tools = ["echo", "gone"]
[clients.slow]
token_sha256 = "{DIGESTS[1]}"
rate = 2
"""


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Replies:
    """A channel that keeps what was answered."""

    def __init__(self) -> None:
        self.replies: list[bytes] = []

    async def send(self, message: bytes) -> None:
        raise AssertionError(f"nothing precedes these replies: {message!r}")

    def push(self, message: bytes) -> None:
        raise AssertionError(f"nothing is pushed here: {message!r}")

    def finish(self, reply: bytes | None, code: int = 0) -> None:
        assert code == 0
        assert reply is not None
        self.replies.append(reply)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def admission(clock: Clock) -> ClientAdmission:
    made = ClientAdmission(InProcess(clock), TOOLS)
    made.replace(parse(FILE, Path("server.toml")).clients)
    return made


async def refused(admission: ClientAdmission, principal: str, tool: str) -> str | None:
    waiting = admission.admit(principal, tool)
    result = None if waiting is None else await waiting
    if result is None:
        return None
    assert result.is_error
    return str(result.content[0]["text"])


async def test_a_client_without_rules_costs_nothing_and_may_do_everything(admission: ClientAdmission) -> None:
    assert admission.tools("default") is None
    assert admission.admit("default", "hold") is None


async def test_a_client_is_shown_and_may_call_its_own_tools_only(admission: ClientAdmission) -> None:
    assert admission.tools("narrow") == frozenset({"echo", "gone"})
    assert await refused(admission, "narrow", "echo") is None
    sentence = await refused(admission, "narrow", "add")
    assert sentence is not None
    assert "clients.narrow.tools" in sentence


async def test_past_its_rate_a_client_is_told_how_long_to_wait(
    admission: ClientAdmission, clock: Clock
) -> None:
    assert [await refused(admission, "slow", "echo") for _ in range(2)] == [None, None]
    clock.now = 20.5
    sentence = await refused(admission, "slow", "add")
    assert sentence is not None
    assert "wait 40 s" in sentence
    clock.now = 60.5
    assert await refused(admission, "slow", "echo") is None


async def test_the_core_asks_before_it_lists_and_before_it_runs(admission: ClientAdmission) -> None:
    probe = Probe()
    dispatcher = make_dispatcher(probe, admission=admission)
    session, channel = Session("narrow"), Replies()
    opening = {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "t", "version": "1"},
    }
    for number, (method, params) in enumerate(
        [
            ("initialize", opening),
            ("tools/list", {}),
            ("tools/call", {"name": "echo", "arguments": {"text": "x"}}),
            ("tools/call", {"name": "add", "arguments": {}}),
        ]
    ):
        message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        dispatcher.dispatch(session, channel, message)
        for call in list(session.calls.values()):
            assert call.task is not None
            await call.task
    _, listed, echoed, added = (orjson.loads(reply)["result"] for reply in channel.replies)

    assert [tool["name"] for tool in listed["tools"]] == ["echo"]
    assert echoed["content"][0]["text"] == "x"
    assert added["isError"] is True
    assert "may not call it" in added["content"][0]["text"]


def test_tools_this_release_does_not_have_are_warned_of(
    admission: ClientAdmission, capsys: pytest.CaptureFixture[str]
) -> None:
    admission.replace(parse(FILE, Path("server.toml")).clients)
    printed = capsys.readouterr()

    assert "gone" in printed.out + printed.err


def test_a_change_names_the_clients_whose_tools_are_others_now(admission: ClientAdmission) -> None:
    assert admission.replace(parse(FILE, Path("server.toml")).clients) == frozenset()
    changed = parse(FILE.replace('["echo", "gone"]', '["echo", "add"]'), Path("server.toml"))
    assert admission.replace(changed.clients) == {"narrow"}
