"""`/metrics` of the real process: who may read it, and that it has what the table of metrics says."""

import http.client
import json
from urllib.parse import urlsplit

from prometheus_client.parser import text_string_to_metric_families

from app.telemetry.metrics import METRICS, Kind
from tests.app.conftest import DEADLINE_SECONDS, TOKEN, Start

OWN = ("process_", "python_gc_")
"""What the client library tells of the process itself."""


def ask(url: str, path: str, token: str | None, body: object = None) -> tuple[int, str]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=DEADLINE_SECONDS)
    headers = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    try:
        connection.request(
            "GET" if body is None else "POST", path, None if body is None else json.dumps(body), headers
        )
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def initialize(name: str) -> dict[str, object]:
    client = {"name": name, "version": "1"}
    params = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client}
    return {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}


def test_metrics_need_the_token_and_say_what_happened(start: Start) -> None:
    server = start(KIMI_API_KEY="sk-canary-of-kimi", REDIS_URL="redis://:canary-of-redis@127.0.0.1:1/0")
    url = server.url()
    server.wait_for("ready")
    for token in (None, "wrong"):
        assert ask(url, "/metrics", token)[0] == 401
    assert ask(url, "/mcp", TOKEN, initialize("canary-of-the-client"))[0] == 200
    assert ask(url, "/mcp", TOKEN, {"jsonrpc": "2.0", "id": 2, "method": "no/such", "params": {}})[0] in (
        200,
        404,
        400,
    )

    status, text = ask(url, "/metrics", TOKEN)

    assert (status, "canary" in text, TOKEN in text) == (200, False, False)
    families = {family.name: family for family in text_string_to_metric_families(text)}
    ours = {name for name in families if not name.startswith(OWN)}
    assert ours <= {metric.name for metric in METRICS}
    values = {sample.name: sample.value for family in families.values() for sample in family.samples}
    assert values["exai_ready"] == 1
    assert values["exai_draining"] == 0
    assert values["exai_shared_state_away"] == 1
    assert values["exai_sessions"] == 1
    assert values["exai_budget_limit_usd"] == 10
    assert values["exai_budget_least_left_ratio"] == 1
    refused = {sample.labels["status"]: sample.value for sample in families["exai_requests_refused"].samples}
    assert refused["401"] == 2
    (build,) = families["exai_build_info"].samples
    assert (build.labels["store"], build.labels["shared"]) == ("sqlite", "redis")
    table = {metric.name: metric for metric in METRICS}
    for name in ours:
        assert families[name].type == table[name].kind.value
        for sample in families[name].samples:
            more = {"le"} if table[name].kind is Kind.HISTOGRAM else set()
            assert set(sample.labels) - more == set(table[name].labels) or set(sample.labels) == set(
                table[name].labels
            )
