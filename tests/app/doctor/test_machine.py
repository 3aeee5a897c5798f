"""Disks by what the kernel says of them, and the port by who has it."""

import os
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from app.doctor import machine, running
from app.doctor.findings import Level
from app.version import VERSION
from tests.app.doctor.conftest import MakeSettings

GIB = 1024**3


@pytest.mark.parametrize(
    ("free", "files", "level", "mend"),
    [
        (50 * GIB, 10**6, Level.OK, "left."),
        (GIB // 2, 10**6, Level.WARN, "make room, or lower RETENTION_DAYS"),
        (1024**2, 10**6, Level.FAIL, "cannot write much longer"),
        (50 * GIB, 3, Level.FAIL, "but only 3 files"),
    ],
)
def test_a_disk_is_judged_by_its_bytes_and_its_files(
    monkeypatch: pytest.MonkeyPatch, free: int, files: int, level: Level, mend: str
) -> None:
    state = SimpleNamespace(f_bavail=free // 4096, f_frsize=4096, f_files=10**6, f_favail=files)
    monkeypatch.setattr(os, "statvfs", lambda _: state)

    (found,) = machine.disks({"DATA_DIR": Path("/data")})

    assert found.level is level
    assert found.text.startswith("DATA_DIR (/data) has ")
    assert mend in found.text


def test_a_file_system_that_counts_no_files_is_not_full(monkeypatch: pytest.MonkeyPatch) -> None:
    state = SimpleNamespace(f_bavail=GIB, f_frsize=4096, f_files=0, f_favail=0)
    monkeypatch.setattr(os, "statvfs", lambda _: state)

    assert machine.disks({"DATA_DIR": Path("/data")})[0].level is Level.OK


def test_a_folder_that_is_gone_is_a_finding(tmp_path: Path) -> None:
    (found,) = machine.disks({"LOG_DIR": tmp_path / "gone"})

    assert (found.level, found.area) == (Level.FAIL, "disk")
    assert "cannot be looked at (No such file or directory)" in found.text


async def test_a_free_port_is_free(made: MakeSettings) -> None:
    (found,) = await machine.port(made())

    assert (found.level, found.text) == (Level.OK, "0 on 127.0.0.1 is free; no server runs there now.")


async def test_an_address_of_another_machine_is_said(made: MakeSettings) -> None:
    (found,) = await machine.port(made(WS_HOST="192.0.2.1"))

    assert found.level is Level.FAIL
    assert "where nothing can listen" in found.text


async def test_a_stranger_on_the_port_is_named(made: MakeSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "ASK_SECONDS", 0.1)
    # It listens, and never answers.
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        (found,) = await machine.port(made(WS_PORT=str(stranger.getsockname()[1])))

    assert found.level is Level.FAIL
    assert "is taken by" in found.text


async def answering(body: dict[str, object], status: int = 200) -> TestServer:
    async def readyz(_: web.Request) -> web.Response:
        return web.json_response(body, status=status)

    app = web.Application()
    app.router.add_get("/readyz", readyz)
    server = TestServer(app)
    await server.start_server()
    return server


@pytest.mark.parametrize(
    ("body", "status", "levels", "sentence"),
    [
        ({"status": "ready", "version": VERSION, "reasons": []}, 200, [Level.OK], "says: ready"),
        (
            {"status": "degraded", "version": VERSION, "reasons": ["No vendor key is set."]},
            200,
            [Level.OK, Level.WARN],
            "It says: No vendor key is set.",
        ),
        (
            {"status": "unavailable", "version": VERSION, "reasons": ["PostgreSQL is away."]},
            503,
            [Level.FAIL, Level.WARN],
            "says unavailable: see its reasons below",
        ),
        (
            {"status": "ready", "version": "0.0.1", "reasons": []},
            200,
            [Level.OK, Level.WARN],
            "restart it to update it",
        ),
        ({"status": "ready"}, 200, [Level.WARN], "takes another token than AUTH_TOKEN here"),
        ({"hello": "world"}, 200, [Level.FAIL], "is taken"),
    ],
)
async def test_a_running_server_tells_of_itself(
    made: MakeSettings, body: dict[str, object], status: int, levels: list[Level], sentence: str
) -> None:
    server = await answering(body, status)
    try:
        found = await machine.port(made(WS_PORT=str(server.port)))
    finally:
        await server.close()

    assert [finding.level for finding in found] == levels
    assert sentence in " ".join(finding.text for finding in found)
