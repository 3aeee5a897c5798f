"""The whole server in this process, asked as a browser asks."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from app.bootstrap import HEALTH, build_app
from app.settings import Settings
from app.stores.sqlite import FILE_NAME, SqliteStore

READY_SECONDS = 20
TOKEN = "a-token-made-up-for-tests"
CI_TOKEN = "the-token-of-ci"
STATE_KEY = "s" * 40
SERVER_FILE = f'[clients.ci]\ntoken_sha256 = "{hashlib.sha256(CI_TOKEN.encode()).hexdigest()}"\n'


@dataclass
class Browser:
    """What a browser sends: cookies, the page's own origin, and the key it was given."""

    http: aiohttp.ClientSession
    origin: str
    cookie: str | None = None
    key: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    async def request(
        self, method: str, path: str, data: Any = None, **headers: str | None
    ) -> tuple[int, Any, Any]:
        """Return status, headers and body; a header of None is not sent."""
        sent: dict[str, str | None] = {**self.headers}
        if method == "POST":
            sent |= {"Origin": self.origin, "X-Form-Key": self.key}
        if self.cookie is not None:
            sent["Cookie"] = f"exai_status={self.cookie}"
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        given = {name: value for name, value in sent.items() if value is not None}
        async with self.http.request(
            method, self.origin + path, data=data, headers=given, allow_redirects=False
        ) as response:
            return response.status, response.headers, await _body(response)

    async def sign_in(self, token: str = TOKEN, **headers: str | None) -> Any:
        """Sign in and read the page; returns the headers of the login's answer."""
        status, answered, _ = await self.request("POST", "/status/login", {"token": token}, **headers)
        assert (status, answered["Location"]) == (303, "/status")
        self.cookie = re.match(r"exai_status=([^;]+)", answered["Set-Cookie"])[1]  # type: ignore[index]
        _, _, page = await self.request("GET", "/status")
        self.key = re.search(r'data-form-key="([^"]+)"', page)[1]  # type: ignore[index]
        return answered

    async def get(self, path: str) -> Any:
        status, _, body = await self.request("GET", f"/status/api/{path}")
        assert status == 200, body
        return body

    async def post(self, path: str, **headers: str | None) -> tuple[int, Any]:
        status, _, body = await self.request("POST", f"/status/api/{path}", **headers)
        return status, body


async def _body(response: aiohttp.ClientResponse) -> Any:
    if response.content_type == "application/json":
        return await response.json()
    return await response.text()


@pytest.fixture
def environ() -> dict[str, str]:
    return {"AUTH_TOKEN": TOKEN, "STATE_KEY": STATE_KEY}


@pytest.fixture
def server_file() -> str:
    return SERVER_FILE


@pytest.fixture
def settings(tmp_path: Path, environ: dict[str, str], server_file: str) -> Settings:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "server.toml").write_text(server_file)
    return Settings.from_env(environ, tmp_path)


@pytest.fixture
async def app(settings: Settings) -> web.Application:
    return build_app(settings)


@pytest.fixture
async def server(app: web.Application) -> AsyncIterator[TestServer]:
    running = TestServer(app)
    await running.start_server()
    async with asyncio.timeout(READY_SECONDS):
        while not app[HEALTH].started:  # noqa: ASYNC110 - the product has no event for it
            await asyncio.sleep(0.01)
    yield running
    await running.close()


@pytest.fixture
async def browser(server: TestServer) -> AsyncIterator[Browser]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        yield Browser(http, str(server.make_url("")).rstrip("/"))


@pytest.fixture
async def store(settings: Settings, server: TestServer) -> AsyncIterator[SqliteStore]:  # noqa: ARG001 - opened first
    """The database of the server, beside it."""
    beside = SqliteStore(settings.data_dir / FILE_NAME)
    await beside.open()
    yield beside
    await beside.close()
