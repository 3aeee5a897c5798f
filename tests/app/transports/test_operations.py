"""The probes over a real socket: what they say, to whom, and with which status."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from pytest_aiohttp.plugin import AiohttpClient

from app.health import Dependency, Health
from app.transports.operations import Operations

Client = TestClient[web.Request, web.Application]
KNOWN = {"Authorization": "Bearer right"}


@pytest.fixture
def broken() -> dict[str, Exception]:
    return {}


@pytest.fixture
def health(broken: dict[str, Exception]) -> Health:
    def ping(name: str) -> Callable[[], Awaitable[None]]:
        async def ask() -> None:
            if name in broken:
                raise broken[name]

        return ask

    return Health(
        [
            Dependency("store", "sqlite", required=True, ping=ping("store")),
            Dependency("models", "vendor keys", required=False, ping=ping("models")),
        ]
    )


async def render(accept: str) -> tuple[bytes, str]:
    return f"asked for {accept}".encode(), "text/plain; version=1.0.0"


@pytest.fixture
async def client(health: Health, aiohttp_client: AiohttpClient) -> Client:
    operations = Operations(
        health,
        authenticate=lambda request: (
            "default" if request.headers.get("Authorization") == "Bearer right" else None
        ),
        about=lambda: {"version": "1.2.3"},
        render_metrics=render,
    )
    app = web.Application()
    app.add_routes(operations.routes())
    return await aiohttp_client(app)


async def ask(client: Client, path: str, headers: dict[str, str] | None = None) -> tuple[int, dict[str, Any]]:
    async with client.get(path, headers=headers) as response:
        assert response.headers["Cache-Control"] == "no-store"
        return response.status, await response.json()


async def test_until_the_start_check_has_passed_only_liveness_is_well(client: Client, health: Health) -> None:
    health.obstacle = "PostgreSQL is away: start it."

    assert await ask(client, "/livez") == (200, {"status": "ok"})
    assert await ask(client, "/health") == (503, {"status": "starting"})
    assert (await ask(client, "/readyz"))[0] == 503
    status, body = await ask(client, "/health", KNOWN)
    assert (status, body["reasons"]) == (503, ["PostgreSQL is away: start it."])


async def test_ready_is_terse_and_details_need_the_token(client: Client, health: Health) -> None:
    health.started = True

    assert await ask(client, "/readyz") == (200, {"status": "ready"})
    assert await ask(client, "/health", {"Authorization": "Bearer wrong"}) == (200, {"status": "ok"})
    _, details = await ask(client, "/readyz", KNOWN)
    assert (details["version"], details["reasons"]) == ("1.2.3", [])
    assert [part["name"] for part in details["dependencies"]] == ["store", "models"]


async def test_without_a_vendor_key_it_is_degraded_but_ready(
    client: Client, health: Health, broken: dict[str, Exception]
) -> None:
    health.started = True
    broken["models"] = LookupError("No vendor key is set: set KIMI_API_KEY.")

    status, body = await ask(client, "/readyz")
    assert (status, body["status"]) == (200, "degraded")
    assert "KIMI" not in str(body)
    _, details = await ask(client, "/readyz", KNOWN)
    assert details["reasons"] == ["No vendor key is set: set KIMI_API_KEY."]


async def test_without_the_store_it_is_not_ready_but_stays_healthy(
    client: Client, health: Health, broken: dict[str, Exception]
) -> None:
    health.started = True
    broken["store"] = RuntimeError("gone")

    assert (await ask(client, "/readyz"))[0] == 503
    assert await ask(client, "/health") == (200, {"status": "ok"})


async def test_while_draining_it_is_not_ready_but_stays_healthy(client: Client, health: Health) -> None:
    health.started = health.draining = True

    status, body = await ask(client, "/readyz")
    assert (status, body["status"]) == (503, "draining")
    assert await ask(client, "/health") == (200, {"status": "draining"})


async def test_a_probe_answers_head_as_well(client: Client) -> None:
    async with client.head("/livez") as response:
        assert (response.status, await response.read()) == (200, b"")


async def test_metrics_come_as_their_renderer_makes_them(client: Client) -> None:
    async with client.get("/metrics", headers={"Accept": "text/x"}) as response:
        assert (response.status, await response.text()) == (200, "asked for text/x")
        assert response.headers["Content-Type"] == "text/plain; version=1.0.0"
        assert response.headers["Cache-Control"] == "no-store"
