"""What Prometheus is given, read with its own parser."""

import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from app.telemetry import metrics
from app.telemetry.exposition import Exposition
from app.telemetry.readings import Readings
from app.telemetry.tallies import Tallies

ROOT = Path(__file__).resolve().parents[3]


def exposition(tallies: Tallies) -> Exposition:
    return Exposition(tallies, Readings({"now": lambda: {metrics.CONNECTIONS: 7}}, tallies))


async def rendered(tallies: Tallies, accept: str = "") -> str:
    body, _ = await exposition(tallies).render(accept)
    return body.decode()


def samples(text: str) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *(f"{key}={value}" for key, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_counters_gauges_and_histograms_are_read_as_such() -> None:
    tallies = Tallies()
    tallies.counter(metrics.COST).add(("moonshot_ai", "kimi-k2.6"), 0.25)
    for seconds in (0.005, 0.3, 400):
        tallies.distribution(metrics.OPERATIONS).add(("tools/call", "chat", ""), seconds)

    found = samples(await rendered(tallies))

    labels = ("gen_ai_provider_name=moonshot_ai", "gen_ai_request_model=kimi-k2.6")
    assert found[("exai_vendor_cost_usd_total", *labels)] == 0.25
    assert found[("exai_connections",)] == 7
    name = metrics.OPERATIONS.name
    of = ("error_type=", "gen_ai_tool_name=chat")
    assert found[(f"{name}_count", *of, "mcp_method_name=tools/call")] == 3
    assert found[(f"{name}_sum", *of, "mcp_method_name=tools/call")] == pytest.approx(400.305)
    buckets = [
        found[(f"{name}_bucket", *of, f"le={le}", "mcp_method_name=tools/call")]
        for le in ("0.01", "0.2", "0.5", "300.0", "+Inf")
    ]  # fmt: skip - one list
    assert buckets == [1, 1, 2, 2, 3]


async def test_a_row_that_waits_for_its_first_value_is_not_shown() -> None:
    tallies = Tallies()
    tallies.distribution(metrics.OPERATIONS).row(("tools/call", "chat", ""))

    assert "tools/call" not in await rendered(tallies)


async def test_a_label_cannot_break_out_of_its_quotes() -> None:
    tallies = Tallies()
    tallies.counter(metrics.REJECTED).add(('"} evil 1\n\\',))

    assert ("exai_messages_rejected_total", 'error_type="} evil 1\n\\') in samples(await rendered(tallies))


async def test_openmetrics_is_given_to_whoever_asks_for_it() -> None:
    tallies = Tallies()
    tallies.counter(metrics.COST).add(("z_ai", "glm-5.3"), 1)

    body, content_type = await exposition(tallies).render("application/openmetrics-text; version=1.0.0")

    assert content_type.startswith("application/openmetrics-text; version=1.0.0")
    families = {family.name for family in openmetrics.text_string_to_metric_families(body.decode())}
    assert {"exai_vendor_cost_usd", "process_cpu_seconds", "python_gc_collections"} <= families


def test_the_library_is_loaded_with_the_first_scrape_and_not_before() -> None:
    code = (
        "import app.bootstrap, app.serving, sys; print('prometheus_client' in sys.modules);"
        "import asyncio; from app.telemetry.exposition import Exposition;"
        "from app.telemetry.readings import Readings; from app.telemetry.tallies import Tallies;"
        "t = Tallies(); asyncio.run(Exposition(t, Readings({}, t)).render(''));"
        "print('prometheus_client' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout.split() == ["False", "True"]


def test_names_and_labels_are_what_prometheus_takes_and_no_label_names_anybody() -> None:
    names = [metric.name for metric in metrics.METRICS]
    labels = {label for metric in metrics.METRICS for label in metric.labels}

    assert len(names) == len(set(names)) > 30
    assert all(name.replace("_", "").isalnum() and not name.endswith("_total") for name in names)
    assert not labels & {"principal", "client", "session", "thread", "job", "user", "project"}
    assert all(metric.bounds == tuple(sorted(set(metric.bounds))) for metric in metrics.METRICS)
