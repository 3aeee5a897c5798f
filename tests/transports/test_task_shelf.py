"""Two replicas, one shared state: a task may be asked for, answered and cancelled at either."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from pydantic import BaseModel

from app.protocol.dispatcher import Dispatcher
from app.protocol.tools import Call, Tool, ToolResult, text
from app.shared.in_process import InProcess
from app.transports import task_shelf
from app.transports.task_shelf import TaskShelf
from tests.protocol.conversation import WITH_TASKS, Conversation

CONFIRM: dict[str, Any] = {"method": "elicitation/create", "params": {"message": "Sure?"}}


class Nothing(BaseModel):
    pass


class Bus:
    """Everybody hears what anybody says, a loop turn later."""

    def __init__(self) -> None:
        self._handlers: list[Callable[[dict[str, Any]], None]] = []

    def on(self, _kind: str, handler: Callable[[dict[str, Any]], None]) -> None:
        self._handlers.append(handler)

    def say(self, _kind: str, content: dict[str, Any]) -> None:
        for handler in self._handlers:
            asyncio.get_running_loop().call_soon(handler, content)


class Away:
    """A shared state that does not answer."""

    async def keep(self, *_: Any, **__: Any) -> None:
        raise ConnectionError("away")

    async def kept(self, *_: Any) -> None:
        raise ConnectionError("away")


async def _asks(call: Call, _arguments: Nothing) -> ToolResult:
    await call.detach()
    answers = await call.ask({"sure": CONFIRM})
    return ToolResult([text(answers["sure"]["action"])])


def replica(groups: Any, bus: Bus) -> tuple[Dispatcher, TaskShelf]:
    tools = [Tool("asks", "Asks", "Asks.", Nothing, _asks)]
    dispatcher = Dispatcher(name="core", version="1", instructions="", tools=tools)
    return dispatcher, TaskShelf(dispatcher.tasks, groups, bus)


@pytest.fixture
async def shared() -> AsyncIterator[InProcess]:
    state = InProcess()
    await state.open()
    yield state
    await state.close()


def client(dispatcher: Dispatcher, principal: str = "me") -> Conversation:
    return Conversation(dispatcher, capabilities=WITH_TASKS | {"elicitation": {}}, principal=principal)


@pytest.fixture
def two(shared: InProcess) -> tuple[Conversation, Conversation]:
    bus = Bus()
    return client(replica(shared, bus)[0]), client(replica(shared, bus)[0])


async def _until(peer: Conversation, task_id: str, status: str) -> dict[str, Any]:
    async with asyncio.timeout(5):
        while True:
            found = await peer.result("tasks/get", {"taskId": task_id})
            if found["status"] == status:
                return found
            await asyncio.sleep(0)


async def _begin(peer: Conversation) -> str:
    task_id: str = (await peer.result("tools/call", {"name": "asks"}))["taskId"]
    return task_id


async def test_a_task_is_seen_and_answered_at_the_other_replica(
    two: tuple[Conversation, Conversation],
) -> None:
    here, there = two
    task_id = await _begin(here)
    waiting = await _until(there, task_id, "input_required")
    await there.result("tasks/update", {"taskId": task_id, "inputResponses": {"sure": {"action": "accept"}}})
    done = await _until(there, task_id, "completed")

    assert waiting["inputRequests"] == {"sure": CONFIRM}
    assert done["result"]["content"][0]["text"] == "accept"
    assert (await here.result("tasks/get", {"taskId": task_id}))["result"] == done["result"]


async def test_a_task_is_cancelled_from_the_other_replica(two: tuple[Conversation, Conversation]) -> None:
    here, there = two
    task_id = await _begin(here)
    await there.result("tasks/cancel", {"taskId": task_id})

    await _until(here, task_id, "cancelled")
    await _until(there, task_id, "cancelled")
    await there.result("tasks/cancel", {"taskId": task_id})


async def test_a_subscription_at_the_other_replica_hears_of_the_task(
    two: tuple[Conversation, Conversation],
) -> None:
    here, there = two
    task_id = await _begin(here)
    listening = there.post("subscriptions/listen", {"notifications": {"taskIds": [task_id]}})
    await listening.until(1)
    await here.result("tasks/cancel", {"taskId": task_id})
    async with asyncio.timeout(5):
        while listening.sent[-1]["params"].get("status") != "cancelled":
            await listening.until(len(listening.sent) + 1)

    assert listening.sent[0]["params"]["notifications"] == {"taskIds": [task_id]}


async def test_nobody_elses_task_is_seen_at_any_replica(shared: InProcess) -> None:
    bus = Bus()
    here, there = replica(shared, bus)[0], replica(shared, bus)[0]
    task_id = await _begin(client(here))

    for dispatcher in (here, there):
        thief = client(dispatcher, "thief")
        assert (await thief.refused("tasks/get", {"taskId": task_id}))["code"] == -32602


async def test_a_task_whose_replica_fell_silent_is_shown_as_failed(
    two: tuple[Conversation, Conversation], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = two
    task_id = await _begin(here)
    await _until(there, task_id, "input_required")
    monkeypatch.setattr(task_shelf, "LEASE_SECONDS", -1.0)
    found = await there.result("tasks/get", {"taskId": task_id})

    assert found["status"] == "failed"
    assert found["error"]["code"] == -31003
    assert "inputRequests" not in found


async def test_a_running_task_is_kept_alive(shared: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_shelf, "REFRESH_SECONDS", 0.0)
    dispatcher, shelf = replica(shared, Bus())
    task_id = await _begin(client(dispatcher))
    await shared.drop("tasks:me", task_id)
    alive = asyncio.create_task(shelf.run())
    async with asyncio.timeout(5):
        while await shared.kept("tasks:me", task_id) is None:  # noqa: ASYNC110 - a group announces nothing
            await asyncio.sleep(0)
    alive.cancel()
    await asyncio.gather(alive, return_exceptions=True)

    assert (await shelf.find("me", task_id) or {})["taskId"] == task_id


async def test_without_the_shared_state_tasks_go_on_where_they_are(caplog: pytest.LogCaptureFixture) -> None:
    bus = Bus()
    here, there = client(replica(Away(), bus)[0]), client(replica(Away(), bus)[0])
    task_id = await _begin(here)
    await here.result("tasks/update", {"taskId": task_id, "inputResponses": {"sure": {"action": "accept"}}})

    await _until(here, task_id, "completed")
    assert (await there.refused("tasks/get", {"taskId": task_id}))["code"] == -32602
    assert "this replica only" in caplog.text
