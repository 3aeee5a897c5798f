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


def test_the_command_writes_claude_codes_file_and_has_no_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "a folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    said = announced(folder)
    token = (folder / "data" / "token").read_text().strip()

    done = subprocess.run(["/bin/sh", "-c", said.connect], capture_output=True, text=True, check=True)

    assert json.loads((folder / ".mcp.json").read_text())["mcpServers"]["exai"] == {
        "type": "ws",
        "url": "ws://127.0.0.1:8079/mcp",
        "headers": {"Authorization": "Bearer ${EXAI_TOKEN}"},
    }
    assert f"$(cat {shlex.quote(str(said.token_file))})" in done.stderr
    assert token not in said.connect + said.block() + done.stderr


def test_the_command_is_short_where_the_environment_is_in_this_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / ".venv" / "bin" / "python"))
    monkeypatch.chdir(tmp_path)

    assert announced(tmp_path).connect.startswith(".venv/bin/exai-mcp connect claude-code --url ")


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
    # Unmasked, for it holds no token.
    assert f"--token-file {shlex.quote(line['token_file'])} --write" in line["connect"]


def test_a_terminal_is_told_in_plain_text(tmp_path: Path) -> None:
    controller, terminal = pty.openpty()
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "WS_PORT": "0"}
    process = subprocess.Popen([sys.executable, "-m", "app"], cwd=tmp_path, env=environ, stderr=terminal)
    os.close(terminal)
    try:
        said = ""
        with os.fdopen(controller, encoding="utf-8", errors="replace") as lines:
            while "connect claude-code" not in said:
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
