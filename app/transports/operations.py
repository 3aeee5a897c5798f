"""The probes `/livez`, `/readyz`, `/health`, open and terse, with details for a valid token; and `/metrics`.

Terse answers ask nothing of any dependency except `/readyz`, whose findings are cached. `/metrics` is no
probe: the guard lets nobody without a token reach it.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from aiohttp import web
from msgspec.structs import asdict

from app import contract
from app.health import Health, Readiness

Authenticate = Callable[[web.Request], str | None]
"""Returns the principal of the request's token, None when it has none that is valid."""

Render = Callable[[str], Awaitable[tuple[bytes, str]]]
"""Returns the metrics for an Accept header: the body and its content type."""

ASK_WITH_TOKEN = "ask with `Authorization: Bearer TOKEN` for the reasons"  # noqa: S105 - a hint, not a token


class Operations:
    """Shows a Health over HTTP; `about` are facts of this process that details begin with."""

    def __init__(
        self,
        health: Health,
        *,
        authenticate: Authenticate,
        about: Callable[[], dict[str, Any]],
        render_metrics: Render,
    ) -> None:
        self._health = health
        self._authenticate = authenticate
        self._about = about
        self._render_metrics = render_metrics

    def routes(self) -> list[web.RouteDef]:
        """Return the routes; each answers GET and HEAD."""
        return [
            web.get(contract.METRICS_PATH, self._metrics),
            web.get(contract.LIVENESS_PATH, self._livez),
            web.get(contract.READINESS_PATH, self._readyz),
            web.get(contract.HEALTH_PATH, self._health_),
        ]

    async def _livez(self, _: web.Request) -> web.Response:
        return _answer(200, {"status": "ok"})

    async def _readyz(self, request: web.Request) -> web.Response:
        """200 while a call would be answered, degraded or not; else 503."""
        readiness = await self._health.readiness()
        body: dict[str, Any] = {"status": readiness}
        if self._authenticate(request) is not None:
            body = await self._details(readiness)
        elif readiness is not Readiness.READY:
            body["hint"] = ASK_WITH_TOKEN
        return _answer(200 if readiness.serving else 503, body)

    async def _health_(self, request: web.Request) -> web.Response:
        """503 until the start check has passed once; from then on 200 as long as the process can answer."""
        started = self._health.started
        status = ("draining" if self._health.draining else "ok") if started else "starting"
        body: dict[str, Any] = {"status": status}
        if self._authenticate(request) is not None:
            body = await self._details(status)
        return _answer(200 if started else 503, body)

    async def _metrics(self, request: web.Request) -> web.Response:
        body, content_type = await self._render_metrics(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type, "Cache-Control": "no-store"})

    async def _details(self, status: str) -> dict[str, Any]:
        reports = await self._health.reports()
        reasons = [report.reason for report in reports if report.reason]
        if self._health.obstacle and self._health.obstacle not in reasons:
            reasons.insert(0, self._health.obstacle)
        return {
            "status": status,
            **self._about(),
            "uptime_seconds": round(self._health.uptime_seconds, 1),
            "dependencies": [asdict(report) for report in reports],
            "reasons": reasons,
        }


def _answer(status: int, body: dict[str, Any]) -> web.Response:
    # A cache in between would answer for a server that is gone.
    return web.Response(
        status=status,
        body=orjson.dumps(body),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
