"""The Tasks extension: a call that is answered with a handle and goes on."""

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel

from app.protocol import task, tasks
from app.protocol.dispatcher import Dispatcher
from app.protocol.errors import ProtocolError
from app.protocol.tools import Call, Tool, ToolResult, text
from tests.protocol.conversation import WITH_TASKS, Conversation

CONFIRM: dict[str, Any] = {"method": "elicitation/create", "params": {"message": "Sure?"}}


class Nothing(BaseModel):
    pass


class Work:
    """Tools that become tasks, under a test's control."""

    def __init__(self) -> None:
        self.release = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.settled = asyncio.Event()

    async def slow(self, call: Call, _arguments: Nothing) -> ToolResult:
        detached = await call.detach()
        try:
            await self.release.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return ToolResult([text(f"done, detached: {detached}")])

    async def only_as_task(self, call: Call, _arguments: Nothing) -> ToolResult:
        await call.detach(required=True)
        raise ProtocolError("the vendor is away")

    async def breaks(self, call: Call, _arguments: Nothing) -> ToolResult:
        await call.detach()
        raise RuntimeError("a secret")

    async def asks(self, call: Call, _arguments: Nothing) -> ToolResult:
        await call.detach()
        one = await call.ask({"sure": CONFIRM})
        two = await call.ask({"sure": CONFIRM, "really": CONFIRM})
        return ToolResult(
            [text(f"{one['sure']['action']} {two['sure']['action']} {two['really']['action']}")]
        )

    async def asks_first(self, call: Call, _arguments: Nothing) -> ToolResult:
        answer = await call.ask({"sure": CONFIRM})
        await call.detach()
        return ToolResult([text(answer["sure"]["action"])])

    def tools(self) -> list[Tool[Any]]:
        handlers = (self.slow, self.only_as_task, self.breaks, self.asks, self.asks_first)
        return [Tool(handler.__name__, "T", "A task.", Nothing, handler) for handler in handlers]


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def dispatcher(work: Work) -> Dispatcher:
    return Dispatcher(name="core", version="1", instructions="", tools=work.tools())


@pytest.fixture
def client(dispatcher: Dispatcher) -> Conversation:
    return Conversation(dispatcher, capabilities=WITH_TASKS | {"elicitation": {}})


async def _begin(client: Conversation, tool: str) -> str:
    created = await client.result("tools/call", {"name": tool})
    assert created["resultType"] == "task"
    task_id: str = created["taskId"]
    return task_id


async def _until(client: Conversation, task_id: str, status: str) -> dict[str, Any]:
    for _ in range(200):
        found = await client.result("tasks/get", {"taskId": task_id})
        if found["status"] == status:
            return found
        await asyncio.sleep(0)
    raise AssertionError(f"the task never became {status}: {found}")


async def test_a_long_call_is_answered_with_a_handle_and_its_result_fetched_later(
    client: Conversation, work: Work
) -> None:
    created = await client.result("tools/call", {"name": "slow"})
    task_id = created["taskId"]
    working = await client.result("tasks/get", {"taskId": task_id})
    work.release.set()
    done = await _until(client, task_id, "completed")

    assert created["resultType"] == "task"
    assert created["status"] == working["status"] == "working"
    assert not {"result", "error", "inputRequests", "requestState"} & created.keys()
    assert working["resultType"] == done["resultType"] == "complete"
    assert done["result"]["content"][0]["text"] == "done, detached: True"
    assert len(task_id) >= 22


async def test_a_client_without_the_extension_waits_for_the_answer(
    dispatcher: Dispatcher, work: Work
) -> None:
    work.release.set()
    for revision in ("2025-11-25", "2026-07-28"):
        result = await Conversation(dispatcher, revision).result("tools/call", {"name": "slow"})

        assert result["content"][0]["text"] == "done, detached: False"


async def test_a_call_that_must_be_a_task_is_refused_to_who_has_none(dispatcher: Dispatcher) -> None:
    error = await Conversation(dispatcher).refused("tools/call", {"name": "only_as_task"})

    assert error["code"] == -32021
    assert error["data"]["requiredCapabilities"] == WITH_TASKS


async def test_a_lost_connection_does_not_stop_a_task(client: Conversation, work: Work) -> None:
    task_id = await _begin(client, "slow")
    client.session.abandon()
    work.release.set()

    assert (await _until(client, task_id, "completed"))["result"]["isError"] is False


async def test_cancelling_stops_the_work_and_is_idempotent(client: Conversation, work: Work) -> None:
    task_id = await _begin(client, "slow")
    first = await client.result("tasks/cancel", {"taskId": task_id})
    async with asyncio.timeout(5):
        await work.cancelled.wait()
    again = await client.result("tasks/cancel", {"taskId": task_id})

    assert first.keys() == again.keys() == {"resultType", "_meta"}
    assert (await client.result("tasks/get", {"taskId": task_id}))["status"] == "cancelled"


async def test_a_fault_fails_the_task_and_says_no_more_than_a_reply_would(client: Conversation) -> None:
    said = await _until(client, await _begin(client, "only_as_task"), "failed")
    unsaid = await _until(client, await _begin(client, "breaks"), "failed")

    assert said["error"]["message"] == said["statusMessage"] == "the vendor is away"
    assert unsaid["error"]["code"] == -32603
    assert "secret" not in str(unsaid)
    assert "result" not in unsaid


async def test_a_task_waits_for_answers_some_now_and_some_later(client: Conversation) -> None:
    task_id = await _begin(client, "asks")
    waiting = await _until(client, task_id, "input_required")
    yes, no = {"action": "accept"}, {"action": "decline"}
    await client.result("tasks/update", {"taskId": task_id, "inputResponses": {"stray": yes, "sure": yes}})
    again = await _until(client, task_id, "input_required")
    keys = sorted(again["inputRequests"])
    await client.result("tasks/update", {"taskId": task_id, "inputResponses": {keys[0]: no}})
    partly = await client.result("tasks/get", {"taskId": task_id})
    await client.result("tasks/update", {"taskId": task_id, "inputResponses": {keys[0]: yes, keys[1]: yes}})
    done = await _until(client, task_id, "completed")

    assert waiting["inputRequests"] == {"sure": CONFIRM}
    assert "sure" not in keys, "a key never names two questions in the life of a task"
    assert list(partly["inputRequests"]) == [keys[1]]
    assert sorted(done["result"]["content"][0]["text"].split()) == ["accept", "accept", "decline"]


async def test_questions_before_the_handle_are_asked_by_another_round(client: Conversation) -> None:
    asked = await client.result("tools/call", {"name": "asks_first"})
    retry = {
        "name": "asks_first",
        "requestState": asked["requestState"],
        "inputResponses": {"sure": {"action": "accept"}},
    }
    created = await client.result("tools/call", retry)

    assert asked["resultType"] == "input_required"
    assert "taskId" not in asked
    assert created["resultType"] == "task"
    done = await _until(client, created["taskId"], "completed")
    assert done["result"]["content"][0]["text"] == "accept"


async def test_a_task_belongs_to_the_principal_that_made_it(
    client: Conversation, dispatcher: Dispatcher
) -> None:
    task_id = await _begin(client, "slow")
    thief = Conversation(dispatcher, capabilities=WITH_TASKS, principal="thief")
    for method in ("tasks/get", "tasks/cancel"):
        assert (await thief.refused(method, {"taskId": task_id}))["code"] == -32602
    update = {"taskId": task_id, "inputResponses": {}}
    assert (await thief.refused("tasks/update", update))["code"] == -32602
    assert (await client.result("tasks/get", {"taskId": task_id}))["status"] == "working"


@pytest.mark.parametrize("method", ["tasks/get", "tasks/update", "tasks/cancel"])
async def test_unknown_tasks_and_clients_without_the_extension_are_refused(
    client: Conversation, dispatcher: Dispatcher, method: str
) -> None:
    for task_id in ("made-up", 7, None):
        params = {"taskId": task_id, "inputResponses": {}}
        assert (await client.refused(method, params))["code"] == -32602
    assert (await Conversation(dispatcher).refused(method, {"taskId": "x"}))["code"] == -32021


async def test_an_expired_task_is_gone(client: Conversation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task, "TTL_SECONDS", -1.0)
    task_id = await _begin(client, "slow")

    assert (await client.refused("tasks/get", {"taskId": task_id}))["code"] == -32602


async def test_finished_tasks_give_way_and_unfinished_ones_bound_the_number(
    client: Conversation, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "MAX_TASKS_PER_CLIENT", 2)
    first, second = await _begin(client, "slow"), await _begin(client, "slow")
    assert (await client.refused("tools/call", {"name": "slow"}))["code"] == -31001
    work.release.set()
    await _until(client, first, "completed")
    await _until(client, second, "completed")
    await _begin(client, "slow")

    assert (await client.refused("tasks/get", {"taskId": first}))["code"] == -32602
    assert (await client.result("tasks/get", {"taskId": second}))["status"] == "completed"


async def test_a_subscription_to_a_task_is_told_of_each_status(client: Conversation, work: Work) -> None:
    task_id = await _begin(client, "slow")
    listening = client.post("subscriptions/listen", {"notifications": {"taskIds": [task_id, "made-up"]}})
    await listening.until(1)
    work.release.set()
    acknowledged, told = await listening.until(2)

    assert acknowledged["params"]["notifications"] == {"taskIds": [task_id]}
    assert told["method"] == "notifications/tasks"
    assert told["params"]["status"] == "completed"
    assert told["params"]["result"]["content"][0]["text"] == "done, detached: True"
