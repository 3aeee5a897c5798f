"""The Tasks extension: a call answered with a handle, its outcome fetched by polling.

A handler decides by `call.detach()` that its call becomes a task. Tasks live in this process, are
bound to the principal that made the call, expire, and are bounded in number a principal.
Source: io.modelcontextprotocol/tasks, specification 2026-07-28.
"""

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from app.protocol import envelopes
from app.protocol.call import Call, Questions
from app.protocol.changes import Changes, Wanted, named
from app.protocol.channel import SilentChannel
from app.protocol.errors import Busy, InvalidParams, MissingCapability, ProtocolError
from app.protocol.metadata import TASKS
from app.protocol.stateless import Decorate

TTL_SECONDS = 3600.0
"""How long a task is kept from its creation."""

POLL_MILLISECONDS = 500
"""How often a client is advised to ask."""

MAX_TASKS_PER_CLIENT = 200
"""Past it the oldest finished task gives way; with none finished, no new one is made."""

ID_BYTES = 24
STATUS = "notifications/tasks"


class Task:
    """One call that goes on without its request; the `Asker` of its handler."""

    def __init__(self, call: Call, told: Callable[["Task"], None]) -> None:
        self.id = secrets.token_urlsafe(ID_BYTES)
        self.call = call
        self.expires = time.monotonic() + TTL_SECONDS
        self.status = "working"
        self.state: dict[str, Any] = {}
        self._told = told
        self._created = self._updated = _now()
        self._outcome: dict[str, Any] = {}
        self._questions: Questions = {}
        self._answers: dict[str, Any] = {}
        self._used: set[str] = set()
        self._answered: asyncio.Future[None] | None = None

    @property
    def over(self) -> bool:
        """Tell whether the outcome is there."""
        return self.status in {"completed", "failed", "cancelled"}

    def summary(self) -> dict[str, Any]:
        """Return the task without its outcome, as the result that announces it."""
        return {
            "taskId": self.id,
            "status": self.status,
            "createdAt": self._created,
            "lastUpdatedAt": self._updated,
            "ttlMs": round(TTL_SECONDS * 1000),
            "pollIntervalMs": POLL_MILLISECONDS,
        }

    def detailed(self) -> dict[str, Any]:
        """Return the task with what its status adds: questions, result or error."""
        if self.status == "input_required":
            return self.summary() | {"inputRequests": dict(self._questions)}
        return self.summary() | self._outcome

    async def ask(self, questions: Questions) -> dict[str, Any]:
        """Wait in `input_required` until every question has been answered by tasks/update."""
        # A key may never name two questions in the life of a task.
        keys = {key: key if key not in self._used else f"{key}-{len(self._used)}" for key in questions}
        self._used |= set(keys.values())
        self._questions = {keys[key]: question for key, question in questions.items()}
        self._answered = asyncio.get_running_loop().create_future()
        self._become("input_required")
        await self._answered
        return {key: self._answers.pop(keys[key]) for key in questions}

    def update(self, answers: dict[str, Any]) -> None:
        """Take answers to open questions, some or all; others are ignored."""
        for key in self._questions.keys() & answers.keys():
            self._answers[key] = answers[key]
            del self._questions[key]
        if self.status == "input_required" and not self._questions and self._answered is not None:
            self._become("working")
            self._answered.set_result(None)

    def settle(self, answer: dict[str, Any] | None, fault: ProtocolError | None) -> None:
        """Keep the outcome; the first one stands."""
        if self.over:
            return
        if answer is not None:
            self._outcome = {"result": answer}
            self._become("completed")
        elif fault is not None:
            self._outcome = {
                "statusMessage": fault.message,
                "error": {"code": fault.code, "message": fault.message},
            }
            self._become("failed")
        else:
            self._become("cancelled")

    def cancel(self) -> None:
        """Stop the work; a task that is over stays as it is."""
        if not self.over:
            self.settle(None, None)
            self.call.cancel(by_client=True)

    def _become(self, status: str) -> None:
        self.status = status
        self._updated = _now()
        self._told(self)


class Tasks:
    """All tasks of this process, by principal and id."""

    def __init__(self, changes: Changes, decorate: Decorate) -> None:
        self._changes = changes
        self._decorate = decorate
        self._kept: dict[str, OrderedDict[str, Task]] = {}
        changes.filters.append(self._filter)

    def adopt(self, call: Call) -> Task:
        """Answer a call with a new task and let it go on.

        Raises:
            Busy: its principal has too many unfinished tasks.
        """
        kept = self._make_room(call.principal)
        task = Task(call, self._tell)
        kept[task.id] = task
        reply = envelopes.result(call.request_id, self._decorate({"resultType": "task", **task.summary()}))
        channel, call.channel = call.channel, SilentChannel()
        call.close()
        # From here on neither a cancelled request nor a lost connection stops it.
        del call.session.calls[call.request_id]
        channel.finish(reply)
        return task

    def get(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Answer `tasks/get`."""
        return self._find(call, params).detailed()

    def update(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Answer `tasks/update`."""
        task, answers = self._find(call, params), params.get("inputResponses")
        if type(answers) is not dict or not all(type(answer) is dict for answer in answers.values()):
            raise InvalidParams("'inputResponses' must hold an object for each key.")
        task.update(answers)
        return {}

    def cancel(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Answer `tasks/cancel`; of a finished task as well."""
        self._find(call, params).cancel()
        return {}

    def _find(self, call: Call, params: dict[str, Any]) -> Task:
        _require(call)
        task_id = params.get("taskId")
        kept = self._kept.get(call.principal)
        task = kept.get(task_id) if kept is not None and isinstance(task_id, str) else None
        if task is None or task.expires < time.monotonic():
            raise InvalidParams("There is no such task; it may have expired.")
        return task

    def _make_room(self, principal: str) -> OrderedDict[str, Task]:
        kept = self._kept.setdefault(principal, OrderedDict())
        now = time.monotonic()
        for task in [task for task in kept.values() if task.expires < now]:
            task.cancel()
            del kept[task.id]
        if len(kept) >= MAX_TASKS_PER_CLIENT:
            oldest = next((task for task in kept.values() if task.over), None)
            if oldest is None:
                raise Busy(f"{len(kept)} tasks are running; wait for one to finish and send this again.")
            del kept[oldest.id]
        return kept

    def _tell(self, task: Task) -> None:
        self._changes.publish(STATUS, task.detailed())

    def _filter(self, call: Call, asked: dict[str, Any]) -> tuple[dict[str, Any], Wanted] | None:
        if not (wanted := named(asked, "taskIds")):
            return None
        _require(call)
        kept = self._kept.get(call.principal, OrderedDict())
        agreed = [task_id for task_id in wanted if task_id in kept]
        ids = frozenset(agreed)
        return {"taskIds": agreed}, lambda method, params: method == STATUS and params["taskId"] in ids


def supports(call: Call) -> bool:
    """Tell whether a request declared the extension."""
    extensions = call.capabilities.get("extensions")
    return type(extensions) is dict and TASKS in extensions


def _require(call: Call) -> None:
    if not supports(call):
        raise MissingCapability({"extensions": {TASKS: {}}})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
