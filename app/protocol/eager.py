"""Starts a task whose first step runs at once, as far as it gets without waiting.

Most calls never wait: run where they are started, they cost no turn of the event loop. What does wait goes
on as any task does. From Python 3.12 on asyncio has this; ADR 10 says how it is done before.
"""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any

if sys.version_info >= (3, 12):

    def start(work: Coroutine[Any, Any, None], loop: asyncio.AbstractEventLoop) -> asyncio.Task[None]:
        """Make a task of this and run its first step."""
        return asyncio.Task(work, loop=loop, eager_start=True)

else:
    from asyncio.tasks import _enter_task, _leave_task  # documented for whoever runs tasks: "Extending"
    from contextvars import Context
    from typing import cast

    _first: list[Any] = []

    def _catch(step: Any, *, context: Context) -> None:
        _first.append(step)
        _first.append(context)

    def start(work: Coroutine[Any, Any, None], loop: asyncio.AbstractEventLoop) -> asyncio.Task[None]:
        """Make a task of this and run its first step."""
        attributes = vars(loop)
        # A new task asks its loop for its first step; the loop has no other caller meanwhile.
        attributes["call_soon"] = _catch
        try:
            task = asyncio.Task(work, loop=loop)
        finally:
            del attributes["call_soon"]
        context, step = cast("Context", _first.pop()), _first.pop()
        outer = asyncio.current_task(loop)
        if outer is None:
            context.run(step)
            return task
        _leave_task(loop, outer)
        try:
            context.run(step)
        finally:
            _enter_task(loop, outer)
        return task
