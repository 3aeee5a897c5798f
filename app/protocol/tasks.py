"""The Tasks extension: a call answered with a handle, its outcome fetched by polling.

A handler decides by `call.detach()` that its call becomes a task. A task runs in the process that
took the call, is bound to the principal that made it, expires, and is bounded in number a
principal. With a `Shelf`, every replica can show it, pass answers on to it, and cancel it.
Source: io.modelcontextprotocol/tasks, specification 2026-07-28.
"""

import asyncio
import time
from collections import OrderedDict
from typing import Any, Protocol

from app.protocol import envelopes
from app.protocol.call import Call
from app.protocol.changes import Changes, Wanted, named
from app.protocol.channel import SilentChannel
from app.protocol.errors import Busy, InvalidParams, MissingCapability
from app.protocol.metadata import TASKS
from app.protocol.stateless import Decorate
from app.protocol.task import OVER, Task

MAX_TASKS_PER_CLIENT = 200
"""Past it the oldest finished task gives way; with none finished, no new one is made."""

STATUS = "notifications/tasks"


class Shelf(Protocol):
    """Where every replica sees the tasks of all. What it cannot do at the moment it leaves undone."""

    async def put(self, principal: str, task: dict[str, Any]) -> None:
        """Show a task as `Task.detailed` gives it, in place of what was shown of it."""

    async def find(self, principal: str, task_id: str) -> dict[str, Any] | None:
        """Return what is shown of a task."""

    def tell(self, order: dict[str, Any]) -> None:
        """Have `Tasks.hear` called with an order in every replica, this one included."""


class Tasks:
    """The tasks that run in this process, by principal and id."""

    def __init__(self, changes: Changes, decorate: Decorate) -> None:
        self.shelf: Shelf | None = None
        """Set once, before the first call, where there are several replicas."""
        self._changes = changes
        self._decorate = decorate
        self._kept: dict[str, OrderedDict[str, Task]] = {}
        self._unsaved: dict[Task, asyncio.Task[None]] = {}
        changes.filters.append(self._filter)

    def running(self) -> list[tuple[str, dict[str, Any]]]:
        """Return principal and details of each task that is not over, for a shelf to keep alive."""
        return [
            (principal, task.detailed())
            for principal, kept in self._kept.items()
            for task in kept.values()
            if not task.over
        ]

    def serves(self, call: Call) -> bool:
        """Tell whether a request declared the extension."""
        extensions = call.capabilities.get("extensions")
        return type(extensions) is dict and TASKS in extensions

    async def adopt(self, call: Call, task_id: str | None = None) -> Task:
        """Answer a call with a new task and let it go on.

        Raises:
            Busy: its principal has too many unfinished tasks.
        """
        kept = self._make_room(call.principal)
        task = Task(call, self._tell, task_id)
        kept[task.id] = task
        if self.shelf is not None:
            # The handle may be given out only when every replica knows it.
            try:
                await self.shelf.put(call.principal, task.detailed())
            except asyncio.CancelledError:
                del kept[task.id]
                raise
        reply = envelopes.result(call.request_id, self._decorate({"resultType": "task", **task.summary()}))
        channel, call.channel = call.channel, SilentChannel()
        call.close()
        # From here on neither a cancelled request nor a lost connection stops it.
        call.session.calls.pop(call.request_id, None)
        channel.finish(reply)
        return task

    async def get(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Answer `tasks/get`."""
        found = await self._find(call, params)
        return found.detailed() if isinstance(found, Task) else found

    async def update(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Answer `tasks/update`."""
        found, answers = await self._find(call, params), params.get("inputResponses")
        if type(answers) is not dict or not all(type(answer) is dict for answer in answers.values()):
            raise InvalidParams("'inputResponses' must hold an object for each key.")
        if isinstance(found, Task):
            found.update(answers)
        else:
            self._order(call, found, {"answers": answers})
        return {}

    async def cancel(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Answer `tasks/cancel`; of a finished task as well."""
        found = await self._find(call, params)
        if isinstance(found, Task):
            found.cancel()
        else:
            self._order(call, found, {"cancel": True})
        return {}

    def hear(self, order: dict[str, Any]) -> None:
        """Take an order another replica passed on; one for a task that does not run here is ignored."""
        if "shown" in order:
            self._changes.deliver(STATUS, order["shown"])
            return
        task = self._kept.get(order["principal"], OrderedDict()).get(order["task"])
        if task is not None and "answers" in order:
            task.update(order["answers"])
        elif task is not None:
            task.cancel()

    def _order(self, call: Call, found: dict[str, Any], order: dict[str, Any]) -> None:
        if self.shelf is not None and found["status"] not in OVER:
            self.shelf.tell({"principal": call.principal, "task": found["taskId"], **order})

    async def _find(self, call: Call, params: dict[str, Any]) -> Task | dict[str, Any]:
        self._require(call)
        task_id = params.get("taskId")
        if isinstance(task_id, str):
            task = self._kept.get(call.principal, OrderedDict()).get(task_id)
            if task is not None and task.expires >= time.monotonic():
                return task
            shown = None if self.shelf is None else await self.shelf.find(call.principal, task_id)
            if shown is not None:
                return shown
        raise InvalidParams("There is no such task; it may have expired.")

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
        """Show a task's new status to whoever listens, in this process or by way of the shelf."""
        if self.shelf is None:
            self._changes.deliver(STATUS, task.detailed())
        elif task not in self._unsaved:
            self._unsaved[task] = asyncio.create_task(self._save(task, self.shelf))

    async def _save(self, task: Task, shelf: Shelf) -> None:
        # One writer a task, so that an older status never replaces a newer one.
        shown: dict[str, Any] = {}
        while (latest := task.detailed()) != shown:
            shown = latest
            await shelf.put(task.call.principal, shown)
            shelf.tell({"shown": shown})
        del self._unsaved[task]

    async def _filter(self, call: Call, asked: dict[str, Any]) -> tuple[dict[str, Any], Wanted] | None:
        if not (wanted := named(asked, "taskIds")):
            return None
        self._require(call)
        agreed = [task_id for task_id in wanted if await self._exists(call.principal, task_id)]
        ids = frozenset(agreed)
        return {"taskIds": agreed}, lambda method, params: method == STATUS and params["taskId"] in ids

    async def _exists(self, principal: str, task_id: str) -> bool:
        if task_id in self._kept.get(principal, OrderedDict()):
            return True
        return self.shelf is not None and await self.shelf.find(principal, task_id) is not None

    def _require(self, call: Call) -> None:
        if not self.serves(call):
            raise MissingCapability({"extensions": {TASKS: {}}})
