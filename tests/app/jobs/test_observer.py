"""Whoever observes jobs is told of each vendor call, each failover and each end."""

from typing import Any

import pytest
import structlog

from app.jobs.observer import Unobserved
from app.jobs.orders import Order
from app.providers.errors import Kind, ProviderError
from app.providers.events import Done, Text, Usage
from app.providers.records import Model
from app.stores.records import JobStatus, NewCall, Settlement
from tests.app.jobs.conftest import Bench
from tests.app.jobs.scripted import whole


class Recording(Unobserved):
    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.context: dict[str, Any] = {}

    def settled(self, job: str, order: Order, call: NewCall, settlement: Settlement, seconds: float) -> None:
        assert job.startswith("job")
        assert seconds >= 0
        self.context = structlog.contextvars.get_contextvars()
        self.told.append(("settled", order.principal, order.tool, call.model, settlement.outcome))

    def failed_over(self, failed: Model, reason: str) -> None:
        self.told.append(("failed over", failed.id, reason))

    def ended(self, order: Order, status: JobStatus, *, started: bool) -> None:
        self.told.append(("ended", order.tool, status.value, started))


@pytest.fixture
def observer(bench: Bench) -> Recording:
    recording = Recording()
    bench.jobs._observer = recording
    return recording


def chat(prompt: str = "hello", **arguments: Any) -> dict[str, Any]:
    return {"name": "chat", "arguments": {"prompt": prompt, **arguments}}


async def test_an_answer_is_one_call_and_one_end(bench: Bench, observer: Recording) -> None:
    bench.gateway.scripts.append([Text("yes"), Done("stop", Usage(10, 0, 2), request_id="r1")])

    await bench.client().result("tools/call", chat())

    assert observer.told == [
        ("settled", "me", "chat", "kimi-k2.6", "stop"),
        ("ended", "chat", "completed", True),
    ]


async def test_a_failover_is_two_calls(bench: Bench, observer: Recording) -> None:
    busy = ProviderError(Kind.CAPACITY, "Kimi is busy: try again.", vendor="kimi")
    bench.gateway.scripts += [[busy], whole("yes")]

    await bench.client().result("tools/call", chat())

    assert [told[0] for told in observer.told] == ["settled", "failed over", "settled", "ended"]
    assert observer.told[1] == ("failed over", "kimi-k2.6", "capacity")
    assert next(told[3:] for told in observer.told if told[0] == "settled") == ("kimi-k2.6", "capacity")


async def test_a_refused_job_never_started(bench: Bench, observer: Recording) -> None:
    await bench.client().result("tools/call", chat(thread="thread_none"))

    assert observer.told[-1] == ("ended", "chat", "failed", False)


async def test_the_lines_of_a_job_bear_the_id_of_its_request(bench: Bench, observer: Recording) -> None:
    bench.gateway.scripts.append(whole("yes"))

    await bench.client().result("tools/call", chat())

    assert observer.context.keys() == {"request_id"}
    assert structlog.contextvars.get_contextvars() == {}
