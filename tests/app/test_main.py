"""The process as a user meets it: what it says, which code it ends with, how it drains."""

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from app.__main__ import event_loop
from app.settings import VARIABLES
from app.version import VERSION
from tests.app.conftest import TOKEN, Start

KNOWN = {"Authorization": f"Bearer {TOKEN}"}
HANDSHAKE = {
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"},
    },
}  # fmt: skip
CALL = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "status", "arguments": {}}}


def command(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


async def answer(session: aiohttp.ClientSession, url: str) -> tuple[int, dict[str, object]]:
    async with session.get(url) as response:
        return response.status, await response.json()


async def test_it_serves_with_sqlite_and_no_container(start: Start) -> None:
    server = start(KIMI_API_KEY="sk-made-up-kimi-key")
    url = server.url()
    assert server.wait_for("ready")["store"] == "sqlite"

    async with aiohttp.ClientSession(headers=KNOWN) as session:
        status, details = await answer(session, f"{url}/readyz")
        assert (status, details["status"]) == (200, "ready")
        async with session.ws_connect(f"{url}/mcp", protocols=("mcp",)) as socket:
            await socket.send_json(HANDSHAKE)
            assert (await socket.receive_json())["result"]["protocolVersion"] == "2025-11-25"
            await socket.send_json(CALL)
            result = (await socket.receive_json())["result"]
            assert result["structuredContent"]["status"] == "ready"
            server.signal()
            closed = await socket.receive()

            assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, 1001)
    code, said = server.ended()
    assert code == 0
    assert TOKEN not in said
    assert "sk-made-up" not in said


async def test_in_the_lame_duck_it_is_not_ready_and_still_works(start: Start) -> None:
    server = start(LAME_DUCK="30s")
    url = server.url()
    server.wait_for("ready")
    server.signal()
    server.wait_for("draining")

    async with aiohttp.ClientSession() as session:
        status, body = await answer(session, f"{url}/readyz")
        assert (status, body["status"]) == (503, "draining")
        assert await answer(session, f"{url}/health") == (200, {"status": "draining"})
        async with session.ws_connect(f"{url}/", protocols=("mcp",), headers=KNOWN) as socket:
            await socket.send_json(HANDSHAKE)
            assert "result" in await socket.receive_json()
            server.signal(signal.SIGINT)  # asked twice: no more waiting
            assert (await socket.receive()).data == 1001
    assert server.ended()[0] == 0


def test_every_fault_is_said_at_once_and_nothing_is_started(start: Start, tmp_path: Path) -> None:
    code, said = start(WS_PORT="http", LOG_LEVEL='"INFO"', STORE="postgres", REDIS_URL_FILE="/none").ended()

    assert code == 78
    assert said.splitlines()[0] == "The configuration is wrong, and nothing was started:"
    assert [line.split()[1] for line in said.splitlines()[1:]] == [
        "LOG_LEVEL",
        "REDIS_URL_FILE",
        "WS_PORT",
        "STORE",
    ]
    assert list(tmp_path.iterdir()) == []


def test_a_taken_port_ends_with_69_and_names_the_holder(start: Start) -> None:
    first = start()
    port = first.url().rpartition(":")[2]
    code, said = start(WS_PORT=port).ended()

    assert code == 69
    assert f"Port {port} on 127.0.0.1 is taken by" in said
    assert f"(pid {first.process.pid})" in said
    assert "WS_PORT" in said


async def test_a_store_that_is_away_keeps_it_starting_and_says_why(
    start: Start, unused_tcp_port: int
) -> None:
    server = start(DATABASE_URL=f"postgresql://exai:canary-pw@127.0.0.1:{unused_tcp_port}/exai")
    url = server.url()
    server.wait_for("not ready: the store is away; trying again")

    async with aiohttp.ClientSession() as session:
        assert await answer(session, f"{url}/health") == (503, {"status": "starting"})
        status, body = await answer(session, f"{url}/readyz")
        assert (status, body["status"]) == (503, "starting")
        async with session.get(f"{url}/health", headers=KNOWN) as response:
            assert "PostgreSQL cannot be used" in (await response.json())["reasons"][0]
    server.signal()
    code, said = server.ended()
    assert code == 0
    assert "canary-pw" not in said


async def test_a_redis_that_is_away_degrades_it_and_no_more(start: Start, unused_tcp_port: int) -> None:
    server = start(REDIS_URL=f"redis://:canary-pw@127.0.0.1:{unused_tcp_port}/0", GLM_API_KEY="made-up")
    url = server.url()
    server.wait_for("ready")

    async with aiohttp.ClientSession(headers=KNOWN) as session:
        status, details = await answer(session, f"{url}/readyz")
        assert (status, details["status"]) == (200, "degraded")
        assert "Redis cannot be used" in str(details["reasons"])
    server.signal()
    assert "canary-pw" not in server.ended()[1]


def test_a_schema_from_a_later_release_ends_with_78(start: Start, tmp_path: Path) -> None:
    first = start()
    first.wait_for("ready")
    first.signal()
    first.ended()
    with sqlite3.connect(tmp_path / "data" / "exai.sqlite3") as connection:
        connection.execute(
            "INSERT INTO exai_schema_version (version, name, oldest_application, applied_by) "
            "VALUES (99, 'later', '99.0.0', '99.0.0')"
        )
    connection.close()
    code, said = start().ended()

    assert code == 78
    assert "start release 99.0.0" in said


def test_the_version_and_the_help_are_told(tmp_path: Path) -> None:
    version, help_ = command("--version", folder=tmp_path), command("--help", folder=tmp_path)

    assert (version.returncode, version.stdout) == (0, f"{VERSION}\n")
    assert help_.returncode == 0
    assert [variable.name for variable in VARIABLES if f"  {variable.name}" not in help_.stdout] == []


def test_an_unknown_argument_ends_with_64(tmp_path: Path) -> None:
    done = command("serve", "--fast", folder=tmp_path)

    assert done.returncode == 64
    assert "'serve --fast'" in done.stderr


def test_an_error_nobody_foresaw_ends_with_70_and_is_in_the_log(tmp_path: Path) -> None:
    code = (
        "import sys, app.serving\n"
        "async def fail(*_): raise RuntimeError('a made-up bug')\n"
        "app.serving.serve = fail\n"
        "from app.__main__ import main; sys.exit(main([]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"WS_PORT": "0"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 70
    assert "RuntimeError: a made-up bug" in done.stderr


def test_without_uvloop_the_standard_event_loop_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    loop = event_loop()

    assert type(loop).__module__.startswith("asyncio")
    loop.close()


def test_nothing_is_loaded_that_is_not_configured(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from app.settings import Settings; import app.serving, app.telemetry.logs; "
        "app.serving.build_app(Settings.from_env({}, pathlib.Path.cwd())); "
        "print(sorted({'asyncpg', 'redis', 'httpx', 'supabase', 'pulumi', 'mcp'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )

    assert done.stdout.strip() == "[]"
