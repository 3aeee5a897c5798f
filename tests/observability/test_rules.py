"""Configuration, alerts and dashboard: checked by Prometheus' own tools, and each name against the code."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.telemetry.metrics import METRICS, Kind

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "observability"
RULES = FOLDER / "rules" / "exai.yml"
DASHBOARD = FOLDER / "grafana" / "dashboards" / "exai.json"
OURS = re.compile(r"\b((?:exai|mcp_server|gen_ai_client)_[a-z_]+)\b")
LABELS = re.compile(r"([a-z_]+)\s*(?:=~|!~|!=|=)\s*\"")
GIVEN = {"job", "instance", "le", "alertstate", "version"}
"""Labels that Prometheus adds, and one that a legend groups by."""
SUFFIXES = {Kind.COUNTER: ("_total",), Kind.GAUGE: ("",), Kind.HISTOGRAM: ("_bucket", "_count", "_sum")}


def sample_names() -> set[str]:
    return {metric.name + suffix for metric in METRICS for suffix in SUFFIXES[metric.kind]}


def label_names() -> set[str]:
    return {label for metric in METRICS for label in metric.labels} | GIVEN


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DASHBOARD.read_text())
    return found


def expressions() -> dict[str, str]:
    found = {f"alert {rule['alert']}": rule["expr"] for rule in rules()}
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", ()):
            found[f"panel {panel['title']} {target['refId']}"] = target["expr"]
    return found


@pytest.mark.parametrize("where", expressions())
def test_every_expression_asks_for_metrics_and_labels_that_the_code_has(where: str) -> None:
    expression = expressions()[where]
    by = [name.strip() for group in re.findall(r"by \(([^)]*)\)", expression) for name in group.split(",")]

    names = {name for name in OURS.findall(expression) if name not in label_names()}
    assert names <= sample_names()
    assert set(LABELS.findall(expression)) | set(by) <= label_names()


def test_every_metric_is_in_the_dashboard_or_an_alert() -> None:
    text = " ".join(expressions().values())
    shown = {
        metric.name for metric in METRICS if any(metric.name + end in text for end in SUFFIXES[metric.kind])
    }

    assert {metric.name for metric in METRICS} - shown == set()


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_every_alert_says_how_bad_it_is_and_what_mends_it(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["mend"].endswith(".")
    words = rule["annotations"]["summary"] + rule["annotations"]["mend"]
    assert set(re.findall(r"\$labels\.([a-z_]+)", words)) <= label_names()


def test_the_dashboard_is_read_only_and_its_panels_do_not_overlap() -> None:
    found = dashboard()
    cells = [
        (x, y)
        for panel in found["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]

    assert found["editable"] is False
    assert len({panel["id"] for panel in found["panels"]}) == len(found["panels"])
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


def test_grafana_is_pointed_at_what_compose_runs() -> None:
    source = yaml.safe_load((FOLDER / "grafana/provisioning/datasources/prometheus.yml").read_text())
    provider = yaml.safe_load((FOLDER / "grafana/provisioning/dashboards/exai.yml").read_text())
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    mounts = {mount["target"] for mount in services["grafana"]["volumes"]}

    assert source["datasources"][0]["url"] == "http://prometheus:9090"
    assert source["datasources"][0]["uid"] == dashboard()["panels"][1]["datasource"]["uid"]
    assert provider["providers"][0]["options"]["path"] in mounts


def promtool(programs: Path, *arguments: object) -> None:
    done = subprocess.run(
        [programs / "promtool", *map(str, arguments)],
        cwd=FOLDER / "rules",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_accepts_the_configuration(programs: Path, tmp_path: Path) -> None:
    # The paths of its container, which are not those of this checkout.
    text = (FOLDER / "prometheus.yml").read_text()
    text = text.replace("/etc/prometheus/exai.yml", str(RULES))
    text = text.replace("/run/secrets/metrics_token", str(tmp_path / "token"))
    (tmp_path / "token").touch()
    (tmp_path / "prometheus.yml").write_text(text)

    promtool(programs, "check", "config", tmp_path / "prometheus.yml")


def test_promtool_accepts_the_alerts(programs: Path) -> None:
    promtool(programs, "check", "rules", RULES)


def test_every_alert_rises_when_it_must_and_only_then(programs: Path) -> None:
    text = (FOLDER / "rules" / "exai.test.yml").read_text()

    assert {rule["alert"] for rule in rules()} == set(re.findall(r"alertname: (\w+)", text))
    assert re.search(rf"value: {len(rules())} \}}\]$", text, re.MULTILINE)
    promtool(programs, "test", "rules", "exai.test.yml")
