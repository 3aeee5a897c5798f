"""What every way of running this process shares: its event loop, its last boundary, its voice on stderr."""

import asyncio
import contextlib
import ctypes
import gc
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from app.exits import Exit

PARENT_SECONDS = 2.0
"""How often a process that serves its parent looks whether the parent is still there."""

COLLECT_AFTER = (700, 1, 5000)
"""Thresholds of the collector's generations. A full collection walks every session; CPython starts one
after each growth by a quarter, which stopped the server for 80-100 ms while 2,000 sessions opened; now it
comes after some 7 million allocations. The middle generation is collected at twice the youngest one's size:
at ten times, CPython's own choice, a flood of waiting messages stopped all calls for 4-6 ms each time."""

SWITCH_SECONDS = 0.00002
"""After how long a thread that waits to run Python asks the running one to let it. A store's thread needs
a few microseconds a dozen times for each operation; a busy event loop let it wait for CPython's 5 ms each."""

KEPT_BYTES = 64 * 1024 * 1024
"""What glibc's allocator keeps of what was freed. By itself it gives back almost all, and asks again for the
next message: one of a mebibyte cost hundreds of page faults, a quarter of its time."""
SHARED_BYTES = 32 * 1024 * 1024
"""Up to what size it gives out of what it keeps; the most that it takes."""
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""Its names for both (mallopt(3), malloc.h)."""

TRUSTED = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""Where OpenSSL reads whom to trust, once for each context that is made."""


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """Import inside this: without the collector and what imports do for others it takes a third less.

    What is loaded stays for good: there is no garbage among it, and no collection looks at it again.
    """
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # aiohttp reads every certificate this machine trusts, for clients that bring no context of their own:
    # a server has none of these, and one that came would trust nobody.
    trusted = {name: os.environ.get(name) for name in TRUSTED}
    os.environ.update(dict.fromkeys(TRUSTED, os.devnull))
    # structlog looks for it, to paint tracebacks; the image does not have it, and finding it takes 30 ms.
    hidden = {"rich"} - sys.modules.keys()
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None is how an import is refused
    gc.disable()
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
        for name, value in trusted.items():
            del os.environ[name]
            if value is not None:
                os.environ[name] = value
        gc.freeze()
        gc.enable()


def run(work: Callable[[], Coroutine[Any, Any, Exit]]) -> Exit:
    """Run to the end on the fastest loop there is; what nobody foresaw is logged whole and becomes 70."""
    gc.set_threshold(*COLLECT_AFTER)
    sys.setswitchinterval(SWITCH_SECONDS)
    keep_memory()
    try:
        with asyncio.Runner(loop_factory=event_loop) as runner:
            return runner.run(work())
    except Exception:  # noqa: BLE001 - the last boundary: logged whole, and told by the exit code
        import structlog

        structlog.get_logger(__name__).exception("stopped by a bug")
        return Exit.BUG


def keep_memory() -> bool:
    """Have the allocator keep what is freed for what comes next; False where it is not glibc's."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    kept = mallopt(_M_TRIM_THRESHOLD, KEPT_BYTES), mallopt(_M_MMAP_THRESHOLD, SHARED_BYTES)
    return all(kept)


def event_loop() -> asyncio.AbstractEventLoop:
    """Make uvloop's event loop where it is installed, else asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def say(first: str, *faults: str) -> None:
    """Tell the person at the terminal, or the log of the container, before there is a logger."""
    sys.stderr.write("\n".join([first, *(f"- {fault}" for fault in faults)]) + "\n")


async def until_stopped(work: Coroutine[Any, Any, None], *others: Coroutine[Any, Any, None]) -> None:
    """Run this until it ends, a signal asks to stop, the parent is gone or one of the others ends."""
    main = asyncio.create_task(work)
    ends = [asyncio.create_task(end) for end in (_told_to_stop(), _orphaned(), *others)]
    try:
        await asyncio.wait({main, *ends}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (main, *ends):
            task.cancel()
        await asyncio.gather(main, *ends, return_exceptions=True)
    if not main.cancelled():
        main.result()


async def _told_to_stop() -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        # Where the loop has no signal handlers (Windows), the process simply ends.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, told.set)
    await told.wait()


async def _orphaned() -> None:
    parent = os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110 - the kernel sets no event when a parent dies
        await asyncio.sleep(PARENT_SECONDS)
