"""A task whose first step runs at once is in every other way a task, on every Python we support."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextvars import ContextVar
from typing import Any

import pytest
import uvloop

from app.protocol import eager

SEEN: ContextVar[str] = ContextVar("seen", default="nothing")


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Iterator[Callable[[Coroutine[Any, Any, None]], None]]:
    """Run a coroutine on either event loop."""
    with asyncio.Runner(loop_factory=request.param) as runner:
        yield runner.run


Run = Callable[[Coroutine[Any, Any, None]], None]


def begin(work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    return eager.start(work, asyncio.get_running_loop(), "tools/call")


def test_what_never_waits_is_done_at_once(run: Run) -> None:
    async def test() -> None:
        async def answer() -> int:
            return 42

        task = begin(answer())

        assert task.done()
        assert task.result() == 42
        assert task.get_name() == "tools/call"

    run(test())


def test_an_exception_of_the_first_step_is_the_tasks(run: Run) -> None:
    async def test() -> None:
        async def fail() -> None:
            raise KeyError("gone")

        task = begin(fail())

        with pytest.raises(KeyError, match="gone"):
            task.result()

    run(test())


def test_the_first_step_runs_as_the_new_task_and_the_old_one_is_back_afterwards(run: Run) -> None:
    async def test() -> None:
        async def who() -> object:
            return asyncio.current_task()

        outer = asyncio.current_task()
        task = begin(who())

        assert task.result() is task
        assert asyncio.current_task() is outer

    run(test())


def test_it_also_starts_where_no_task_runs(run: Run) -> None:
    async def test() -> None:
        loop = asyncio.get_running_loop()
        found: asyncio.Future[bool] = loop.create_future()

        async def who() -> object:
            return asyncio.current_task()

        def callback() -> None:
            task = begin(who())
            found.set_result(task.result() is task and asyncio.current_task() is None)

        loop.call_soon(callback)

        assert await found

    run(test())


def test_one_may_start_another(run: Run) -> None:
    async def test() -> None:
        async def inner() -> object:
            return asyncio.current_task()

        async def outer() -> tuple[object, object, object]:
            before, task = asyncio.current_task(), begin(inner())
            return before, task.result() is task, asyncio.current_task()

        task = begin(outer())

        assert task.result() == (task, True, task)

    run(test())


def test_what_waits_goes_on_and_is_known_to_the_loop_meanwhile(run: Run) -> None:
    async def test() -> None:
        gate = asyncio.Event()

        async def wait() -> str:
            await gate.wait()
            return "through"

        task = begin(wait())
        known = task in asyncio.all_tasks()
        gate.set()

        assert known
        assert await task == "through"

    run(test())


def test_several_may_wait_for_the_same_future(run: Run) -> None:
    async def test() -> None:
        shared: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def wait() -> int:
            return await shared

        tasks = [begin(wait()) for _ in range(3)]
        shared.set_result(7)

        assert await asyncio.gather(*tasks) == [7, 7, 7]

    run(test())


def test_a_time_limit_set_in_the_first_step_holds_later(run: Run) -> None:
    async def test() -> None:
        async def late() -> str:
            try:
                async with asyncio.timeout(0.01):
                    await asyncio.Event().wait()
            except TimeoutError:
                return "late"
            return "never"

        assert await begin(late()) == "late"

    run(test())


def test_a_group_opened_in_the_first_step_works(run: Run) -> None:
    async def test() -> None:
        async def part(number: int) -> int:
            await asyncio.sleep(0)
            return number

        async def whole() -> list[int]:
            async with asyncio.TaskGroup() as group:
                parts = [group.create_task(part(number)) for number in range(3)]
            return [each.result() for each in parts]

        assert await begin(whole()) == [0, 1, 2]

    run(test())


def test_a_cancellation_right_after_the_start_arrives(run: Run) -> None:
    async def test() -> None:
        stopped = asyncio.Event()

        async def wait() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                stopped.set()

        task = begin(wait())
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert stopped.is_set()

    run(test())


def test_what_it_sets_in_its_context_stays_there(run: Run) -> None:
    async def test() -> None:
        SEEN.set("outside")

        async def set_it() -> str:
            before = SEEN.get()
            SEEN.set("inside")
            await asyncio.sleep(0)
            return f"{before} {SEEN.get()}"

        task = begin(set_it())

        assert SEEN.get() == "outside"
        assert await task == "outside inside"

    run(test())


def test_the_loop_is_as_it_was(run: Run) -> None:
    async def test() -> None:
        loop = asyncio.get_running_loop()

        async def nothing() -> None:
            pass

        def boom() -> None:
            raise AssertionError("not a coroutine")

        begin(nothing())
        with pytest.raises(TypeError):
            begin(boom)
        called = loop.create_future()
        loop.call_soon(called.set_result, True)

        assert await called

    run(test())
