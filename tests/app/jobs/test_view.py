"""A view reports the first words at once, gathers the next ones, and never goes silent."""

import asyncio
from typing import Any

import pytest

from app.jobs import view as view_module
from app.jobs.output import Output
from app.jobs.view import View


class Call:
    """Keeps what was reported."""

    def __init__(self) -> None:
        self.reports: list[tuple[float, str]] = []
        self.news = asyncio.Event()

    async def progress(self, progress: float, total: float | None = None, message: str | None = None) -> None:
        del total
        self.reports.append((progress, message or ""))
        self.news.set()

    async def until(self, count: int) -> list[tuple[float, str]]:
        async with asyncio.timeout(5):
            while len(self.reports) < count:
                self.news.clear()
                await self.news.wait()
        return self.reports


class Watched:
    """A job that says what the test lets it say."""

    def __init__(self) -> None:
        self.call = Call()
        self.stage = "asking"
        self.output = Output(None, lambda _: None)
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.view = View(self.call, lambda: (self.stage, self.output.text), self.output.beat.next)  # type: ignore[arg-type]  # all that a view needs of a call

    def watch(self, seconds: float | None = None) -> "asyncio.Task[bool]":
        return asyncio.create_task(self.view.until(self.over, seconds))

    def now(self, stage: str) -> None:
        self.stage = stage
        self.output.beat.now()


async def test_the_first_words_follow_a_stage_without_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_module, "PROGRESS_SECONDS", 60)
    job = Watched()
    watching = job.watch()
    await job.call.until(1)

    job.output.add("first words")

    assert [message for _, message in await job.call.until(2)] == ["asking", "first words"]
    job.over.set_result(None)
    assert await watching


async def test_words_that_come_in_a_pause_are_reported_together_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(view_module, "PROGRESS_SECONDS", 0.05)
    job = Watched()
    job.output.add("one ")
    watching = job.watch()
    await job.call.until(1)

    job.output.add("two ")
    job.output.add("three")

    assert await job.call.until(2) == [(4.0, "one "), (13.0, "two three")]
    job.over.set_result(None)
    assert await watching


async def test_a_silent_model_is_heard_of_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_module, "HEARTBEAT_SECONDS", 0.01)
    job = Watched()
    job.now("thinking")
    watching = job.watch()

    reports: list[Any] = await job.call.until(4)

    assert {message for _, message in reports} == {"thinking"}
    assert [value for value, _ in reports] == sorted({value for value, _ in reports})
    job.over.set_result(None)
    assert await watching


async def test_patience_ends_without_the_job() -> None:
    job = Watched()

    assert not await job.watch(0.01)


async def test_what_was_said_before_is_told_to_who_comes_later() -> None:
    job = Watched()
    job.output.add("said before")
    watching = job.watch()

    assert (await job.call.until(1))[0][1] == "said before"
    job.over.set_result(None)
    assert await watching


async def test_a_view_that_gives_up_leaves_the_others_and_nothing_behind() -> None:
    job = Watched()
    job.view = View(job.call, job.view._look, job.output.beat.next, shown=job.stage)  # type: ignore[arg-type]  # as above
    patient = job.watch()
    await asyncio.sleep(0)
    for _ in range(3):
        hasty = View(Call(), lambda: ("asking", ""), job.output.beat.next, shown="asking")  # type: ignore[arg-type]  # as above
        assert not await hasty.until(job.over, 0.001)
    assert len(job.output.beat._waiting) <= 2

    job.output.add("first words")

    assert [message for _, message in await job.call.until(1)] == ["first words"]
    job.over.set_result(None)
    assert await patient
