"""The log line of a model call: what it says, and what it never does."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from app.providers import catalog
from app.settings import Settings
from app.telemetry import logs, metrics
from app.telemetry.journal import Journal
from app.telemetry.tallies import Tallies
from tests.app.jobs.conftest import Bench, MakeBench
from tests.app.jobs.conftest import bench as bench
from tests.app.jobs.conftest import make as make
from tests.app.jobs.conftest import store as store
from tests.app.jobs.scripted import whole

PROMPT = "canary of the prompt"
ANSWER = "canary of the answer"


@pytest.fixture
def stream(tmp_path: Path) -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    written = io.StringIO()
    logs.configure(Settings.from_env({"AUTH_TOKEN": "canary-of-the-token"}, tmp_path), written)
    yield written
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def lines(stream: io.StringIO, event: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in stream.getvalue().splitlines()]
    return [line for line in found if line["event"] == event]


async def test_a_model_call_is_one_line_with_everything_but_its_content(
    stream: io.StringIO, bench: Bench
) -> None:
    tallies = Tallies()
    bench.jobs._observer = Journal(tallies)
    bench.gateway.scripts.append(whole(ANSWER, tokens_in=100, tokens_out=20))

    result = await bench.client().result("tools/call", {"name": "chat", "arguments": {"prompt": PROMPT}})

    (line,) = lines(stream, "model call")
    assert line.pop("ts")
    assert line.pop("duration_ms") >= 0
    assert line == {
        "level": "info",
        "event": "model call",
        "logger": "app.telemetry.journal",
        "request_id": "1",
        "job": result["_meta"]["exai/job"],
        "principal": "me",
        "tool": "chat",
        "vendor": "kimi",
        "model": "kimi-k2.6",
        "input_tokens": 100,
        "cached_tokens": 0,
        "output_tokens": 20,
        "cost_usd": pytest.approx(175_000 / 1e9),
        "upstream_request_id": "their-id",
        "outcome": "stop",
        "money": "settled",
    }
    assert "canary" not in stream.getvalue()
    assert dict(tallies.counter(metrics.COST)) == {("moonshot_ai", "kimi-k2.6"): pytest.approx(175_000 / 1e9)}
    assert dict(tallies.counter(metrics.JOBS_ENDED)) == {("chat", "completed"): 1}


async def test_a_refused_job_is_counted_as_such_and_makes_no_line(
    stream: io.StringIO, make: MakeBench
) -> None:
    tallies = Tallies()
    poor = make(budget="0.000001")
    poor.jobs._observer = Journal(tallies)

    await poor.client().result("tools/call", {"name": "chat", "arguments": {"prompt": PROMPT}})

    assert lines(stream, "model call") == []
    assert dict(tallies.counter(metrics.JOBS_ENDED)) == {("chat", "refused"): 1}


def test_a_failover_is_counted_under_the_model_that_failed() -> None:
    tallies = Tallies()

    Journal(tallies).failed_over(catalog.BUILT_IN.models[0], "capacity")

    ((labels, count),) = tallies.counter(metrics.FAILOVERS)
    assert (labels[0], labels[2], count) == ("moonshot_ai", "capacity", 1)
