"""A real Prometheus reads the real server with the token, and raises nothing while all is well."""

import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.app.conftest import TOKEN, Start, start

__all__ = ["start"]

ROOT = Path(__file__).resolve().parents[2]
WAIT_SECONDS = 60


class Prometheus:
    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/api/v1"

    def ask(self, path: str, **parameters: str) -> Any:
        url = f"{self._url}/{path}?{urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - of this machine
            return json.load(answer)["data"]

    def until(self, expression: str) -> list[Any]:
        """Ask again and again until there is an answer; nothing tells us when a scrape was made."""
        give_up = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < give_up:
            try:
                if found := self.ask("query", query=expression)["result"]:
                    return list(found)
            except OSError:
                pass
            time.sleep(0.2)
        raise AssertionError(f"{expression} had no answer within {WAIT_SECONDS} s")

    def evaluated(self) -> list[Any]:
        """Wait until each rule was evaluated once, and return them."""
        give_up = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < give_up:
            rules = [rule for group in self.ask("rules")["groups"] for rule in group["rules"]]
            if rules and all(rule["health"] != "unknown" for rule in rules):
                return rules
            time.sleep(0.2)
        raise AssertionError("the rules were not evaluated")


@pytest.fixture
def prometheus(programs: Path, start: Start, tmp_path: Path) -> Iterator[Prometheus]:
    server = start()
    target = server.url().removeprefix("http://")
    server.wait_for("ready")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = tmp_path / "scrape-token"
    token.write_text(TOKEN)
    text = (ROOT / "observability/prometheus.yml").read_text()
    # As it ships, but for paths and a name that only a container's network knows.
    head, _, _ = text.partition("    dns_sd_configs:")
    text = head.replace("global:", "global:\n  evaluation_interval: 1s")
    text = text.replace("15s", "1s").replace("10s #", "1s #")
    text = text.replace("/run/secrets/metrics_token", str(token))
    text = text.replace("/etc/prometheus/exai.yml", str(ROOT / "observability/rules/exai.yml"))
    (tmp_path / "prometheus.yml").write_text(f"{text}    static_configs: [{{ targets: ['{target}'] }}]\n")
    process = subprocess.Popen(
        [
            programs / "prometheus",
            f"--config.file={tmp_path / 'prometheus.yml'}",
            f"--storage.tsdb.path={tmp_path / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        yield Prometheus(port)
    finally:
        process.terminate()
        process.wait(timeout=WAIT_SECONDS)
        shutil.rmtree(tmp_path / "tsdb", ignore_errors=True)


def test_it_is_read_with_the_token_and_every_rule_is_evaluated(prometheus: Prometheus) -> None:
    (ready,) = prometheus.until("exai_ready == 1")
    (up,) = prometheus.until('up{job="exai"} == 1')
    rules = prometheus.evaluated()

    assert ready["metric"]["job"] == "exai"
    assert up["value"][1] == "1"
    assert {rule["name"]: rule["health"] for rule in rules if rule["health"] != "ok"} == {}
    assert [alert for alert in prometheus.ask("alerts")["alerts"] if alert["state"] == "firing"] == []
