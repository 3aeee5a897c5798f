"""The container's probe: quick, small, and clear."""

import asyncio
import subprocess
import sys

from aiohttp import web
from pytest_aiohttp.plugin import AiohttpServer

from app import healthcheck


async def serve(aiohttp_server: AiohttpServer, status: int) -> int:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"status": "starting"}, status=status)

    app = web.Application()
    app.router.add_get("/health", answer)
    port = (await aiohttp_server(app)).port
    assert port is not None
    return port


async def probe(port: int) -> str | None:
    return await asyncio.to_thread(healthcheck.check, port)


async def test_a_healthy_server_passes(aiohttp_server: AiohttpServer) -> None:
    assert await probe(await serve(aiohttp_server, 200)) is None


async def test_a_starting_server_fails_with_what_it_said(aiohttp_server: AiohttpServer) -> None:
    problem = await probe(await serve(aiohttp_server, 503))

    assert problem is not None
    assert "503" in problem
    assert "starting" in problem


def test_nobody_there_is_one_line_and_exit_1(unused_tcp_port: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "app.healthcheck"], env={"WS_PORT": str(unused_tcp_port)}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert "does not answer" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_it_loads_nothing_outside_the_standard_library() -> None:
    code = (
        "import sys; before = set(sys.modules); import app.healthcheck; new = set(sys.modules) - before; "
        "print(sorted({name.partition('.')[0] for name in new} - sys.stdlib_module_names))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "['app']"
