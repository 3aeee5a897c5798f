"""Starts a task whose first step runs at once, as far as it gets without waiting.

Most calls never wait: run where they are started, they cost no turn of the event loop. What does wait goes
on as any task does. From Python 3.12 on asyncio has this; ADR 10 says how it is done before.
"""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

if sys.version_info >= (3, 12):

    def start(work: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop, name: str) -> asyncio.Task[T]:
        """Make a task of this and run its first step."""
        return asyncio.Task(work, loop=loop, name=name, eager_start=True)

else:
    from asyncio.tasks import _enter_task, _leave_task  # documented for whoever runs tasks: "Extending"
    from contextvars import Context

    _first: tuple[Any, Context]

    def _catch(step: Any, *, context: Context) -> None:
        global _first
        _first = (step, context)

    def start(work: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop, name: str) -> asyncio.Task[T]:
        """Make a task of this and run its first step."""
        call_soon = loop.call_soon
        # A new task asks its loop for its first step; nobody else can ask anything of the loop meanwhile.
        loop.call_soon = _catch  # type: ignore[method-assign,assignment]  # for the next line only
        try:
            task = asyncio.Task(work, loop=loop, name=name)
        finally:
            loop.call_soon = call_soon  # type: ignore[method-assign]  # put back, which is quicker than deleted
        step, context = _first
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
