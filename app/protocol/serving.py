"""Starts the task that serves one call."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any

if sys.version_info >= (3, 12):

    def start(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a call in its own task, at once: one that never waits costs no loop turn."""
        return asyncio.Task(work, loop=asyncio.get_running_loop(), eager_start=True)

else:

    def start(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a call in its own task from the next loop turn on (eager tasks came with 3.12)."""
        return asyncio.Task(work, loop=asyncio.get_running_loop())
