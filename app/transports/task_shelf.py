"""Where every replica sees the tasks of all: the shared state holds what is shown, the bus carries orders.

What is shown of a task may be lost with the shared state; whatever must last is kept by who does the
work. A task whose replica has fallen silent is shown as failed, since nobody will finish it.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Protocol

import orjson

from app.protocol.errors import INTERRUPTED
from app.protocol.task import OVER, TTL_SECONDS
from app.protocol.tasks import MAX_TASKS_PER_CLIENT, Tasks

LEASE_SECONDS = 60.0
"""How long the replica that runs a task may be silent before the task counts as lost."""

REFRESH_SECONDS = LEASE_SECONDS / 4
"""How often a replica shows its running tasks again."""

KIND = "task"
GONE = "The replica that ran this task is gone; call the tool again."

logger = logging.getLogger(__name__)


class Shown(Protocol):
    """A value in a group, and how many seconds ago it was last kept."""

    @property
    def value(self) -> bytes:
        """What was kept."""

    @property
    def seconds_ago(self) -> float:
        """How old it is."""


class Groups(Protocol):
    """The part of the shared state that keeps groups of members."""

    async def keep(self, group: str, member: str, value: bytes, *, most: int, seconds: float) -> Any:
        """Put a member into a group, or refresh it."""

    async def kept(self, group: str, member: str) -> Shown | None:
        """Return a member; None when it is not there."""


class Says(Protocol):
    """The part of the replicas' bus that says and hears."""

    def on(self, kind: str, handler: Callable[[dict[str, Any]], None]) -> None:
        """Have a handler called with everything of one kind."""

    def say(self, kind: str, content: dict[str, Any]) -> None:
        """Tell all replicas; never waits."""


class TaskShelf:
    """The `Shelf` of one replica's tasks. `run` must run for its tasks to count as alive."""

    def __init__(self, tasks: Tasks, groups: Groups, bus: Says) -> None:
        self._tasks = tasks
        self._groups = groups
        self._bus = bus
        bus.on(KIND, tasks.hear)
        tasks.shelf = self

    async def put(self, principal: str, task: dict[str, Any]) -> None:
        """Show a task; while the shared state is away, only this replica knows it."""
        try:
            await self._groups.keep(
                _group(principal),
                task["taskId"],
                orjson.dumps(task),
                most=MAX_TASKS_PER_CLIENT,
                seconds=TTL_SECONDS,
            )
        except Exception as error:  # noqa: BLE001 - work that is paid for goes on without its shelf
            logger.warning("a task is shown on this replica only: %s", error)

    async def find(self, principal: str, task_id: str) -> dict[str, Any] | None:
        """Return what is shown of a task, as failed when nobody runs it any more."""
        try:
            shown = await self._groups.kept(_group(principal), task_id)
        except Exception as error:  # noqa: BLE001 - an answer is due whatever the shared state does
            logger.warning("tasks of other replicas are out of sight: %s", error)
            return None
        if shown is None:
            return None
        task: dict[str, Any] = orjson.loads(shown.value)
        if task["status"] not in OVER and shown.seconds_ago > LEASE_SECONDS:
            task.pop("inputRequests", None)
            fault = {"code": INTERRUPTED, "message": GONE}
            task |= {"status": "failed", "statusMessage": GONE, "error": fault}
        return task

    def tell(self, order: dict[str, Any]) -> None:
        """Pass an order to whichever replica runs the task."""
        self._bus.say(KIND, order)

    async def run(self) -> None:
        """Keep this replica's running tasks alive until cancelled."""
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            for principal, task in self._tasks.running():
                await self.put(principal, task)


def _group(principal: str) -> str:
    return f"tasks:{principal}"
