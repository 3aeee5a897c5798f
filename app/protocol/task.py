"""One task: a call that goes on without its request, and what may be seen of it.

Source: io.modelcontextprotocol/tasks, specification 2026-07-28, "Tasks".
"""

import asyncio
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from app.protocol.call import Call, Questions
from app.protocol.errors import ProtocolError

TTL_SECONDS = 3600.0
"""How long a task is kept from its creation."""

POLL_MILLISECONDS = 500
"""How often a client is advised to ask."""

ID_BYTES = 24
OVER = frozenset({"completed", "failed", "cancelled"})
"""The statuses a task does not leave."""


class Task:
    """One call that goes on without its request; the `Asker` of its handler."""

    def __init__(self, call: Call, told: Callable[["Task"], None], task_id: str | None = None) -> None:
        self.id = secrets.token_urlsafe(ID_BYTES) if task_id is None else task_id
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
        return self.status in OVER

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


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
