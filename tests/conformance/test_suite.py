"""How the runner reads results, and that the proxy in front of the product adds a token and nothing else."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from scripts.conformance.bearer_proxy import bearer_proxy, listening_at
from scripts.conformance.suite import REQUIRED, Check, Scenario, Suite


def _check(status: str) -> Check:
    return Check("an-id", status, "a reason")


@pytest.mark.parametrize(
    ("kind", "statuses", "outcome"),
    [
        (REQUIRED, ["SUCCESS", "WARNING", "INFO"], "passed"),
        (REQUIRED, ["SUCCESS", "FAILURE"], "failed"),
        (REQUIRED, ["SKIPPED"], "failed"),
        (REQUIRED, [], "failed"),
        ("extension", ["SKIPPED"], "nothing checked"),
        ("extension", ["FAILURE"], "failed"),
    ],
)
def test_the_outcome_of_a_scenario_follows_from_its_checks(
    kind: str, statuses: list[str], outcome: str
) -> None:
    scenario = Scenario("2025-11-25", "ping", kind, tuple(map(_check, statuses)))

    assert scenario.outcome == outcome
    assert bool(scenario.complaints()) == (outcome == "failed" or "WARNING" in statuses)


def test_a_scenario_that_left_no_result_is_there_and_has_failed(tmp_path: Path) -> None:
    folder = tmp_path / "server-ping-2026-11-23T08-15-17-734Z"
    folder.mkdir()
    (folder / "checks.json").write_text(json.dumps([{"id": "ping", "status": "SUCCESS"}]))
    found = Suite._read(tmp_path, "2025-11-25", {"ping": REQUIRED, "tools-list": REQUIRED})

    assert [(scenario.name, scenario.outcome) for scenario in found] == [
        ("ping", "passed"),
        ("tools-list", "failed"),
    ]


@pytest.fixture
async def proxied() -> AsyncIterator[str]:
    """A server that tells what it was sent, behind the proxy."""

    async def tell(request: web.Request) -> web.Response:
        told = {
            "method": request.method,
            "path": request.path_qs,
            "headers": [[name, value] for name, value in request.headers.items()],
            "body": await request.text(),
        }
        return web.json_response(told, status=202, headers={"Mcp-Session-Id": "one"})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", tell)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with bearer_proxy(f"{listening_at(runner)}/mcp", "the-token") as url:
        yield url
    await runner.cleanup()


async def test_the_proxy_adds_the_token_and_passes_the_rest_on(proxied: str) -> None:
    sent = {"Host": "evil.example", "Origin": "http://evil.example", "Mcp-Session-Id": "s"}
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{proxied}?a=1", data="the body", headers=sent) as answer,
    ):
        told = await answer.json()

        assert answer.status == 202
        assert answer.headers["Mcp-Session-Id"] == "one"
        assert (told["method"], told["path"], told["body"]) == ("POST", "/mcp?a=1", "the body")
        assert [value for name, value in told["headers"] if name == "Authorization"] == ["Bearer the-token"]
        assert all([name, value] in told["headers"] for name, value in sent.items())
