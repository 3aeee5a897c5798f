"""What is said once the server listens, on a terminal and in the log."""

import json
import os
import pty
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from app.announcement import Announcement
from app.settings import Settings
from tests.app.conftest import DEADLINE_SECONDS, ROOT, TOKEN, Start


def announced(folder: Path, host: str = "127.0.0.1", **environ: str) -> Announcement:
    return Announcement.of(Settings.from_env(environ, folder), host, 8079)


@pytest.mark.parametrize(
    ("host", "environ", "url", "websocket"),
    [
        ("0.0.0.0", {}, "http://127.0.0.1:8079/mcp", "ws://127.0.0.1:8079/mcp"),  # noqa: S104 - shown, not bound
        ("::1", {}, "http://[::1]:8079/mcp", "ws://[::1]:8079/mcp"),
        ("0.0.0.0", {"PUBLIC_URL": "https://x.example"}, "https://x.example/mcp", "wss://x.example/mcp"),  # noqa: S104
    ],
)
def test_the_urls_are_those_a_client_on_this_machine_can_use(
    tmp_path: Path, host: str, environ: dict[str, str], url: str, websocket: str
) -> None:
    said = announced(tmp_path, host, **environ)

    assert (said.url, said.websocket_url) == (url, websocket)


def test_the_line_for_claude_code_gives_it_the_token_from_the_file(tmp_path: Path) -> None:
    folder = tmp_path / "a folder"
    said = announced(folder)
    token = (folder / "data" / "token").read_text().strip()
    # The shell itself tells what claude would be given.
    shown = subprocess.run(
        ["/bin/sh", "-c", said.connect.replace("claude", "printf '%s\\n'", 1)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()

    assert shown[:3] == ["mcp", "add-json", "exai"]
    assert json.loads(shown[3]) == {
        "type": "ws",
        "url": "ws://127.0.0.1:8079/mcp",
        "headers": {"Authorization": f"Bearer {token}"},
    }
    assert token not in said.connect + said.block()


def test_a_given_token_is_named_by_its_variable_and_never_shown(tmp_path: Path) -> None:
    said = announced(tmp_path, AUTH_TOKEN=TOKEN)

    assert "AUTH_TOKEN" in said.block()
    assert TOKEN not in said.block() + str(said.fields())
    assert "connect" not in said.fields()


def test_the_log_line_says_where_the_token_is(start: Start, tmp_path: Path) -> None:
    server = start(AUTH_TOKEN="")
    line = server.wait_for("listening")

    assert line["token_file"] == str(tmp_path / "data" / "token")
    assert line["websocket"] == line["url"].replace("http", "ws", 1)
    assert f"$(cat {shlex.quote(line['token_file'])})" in line["connect"]  # unmasked, for it holds no token


def test_a_terminal_is_told_in_plain_text(tmp_path: Path) -> None:
    controller, terminal = pty.openpty()
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "WS_PORT": "0"}
    process = subprocess.Popen([sys.executable, "-m", "app"], cwd=tmp_path, env=environ, stderr=terminal)
    os.close(terminal)
    try:
        said = ""
        with os.fdopen(controller, encoding="utf-8", errors="replace") as lines:
            while "claude mcp" not in said:
                said += lines.readline()
            process.terminate()
            assert process.wait(DEADLINE_SECONDS) == 0
    finally:
        process.kill()
        process.wait(DEADLINE_SECONDS)
    token_file = tmp_path / "data" / "token"

    assert f"token        in {token_file}" in said
    assert "WebSocket    ws://127.0.0.1:" in said
    assert token_file.read_text().strip() not in said
