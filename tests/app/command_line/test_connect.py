"""`exai-mcp connect`: what is printed, what is written, and that the token shows nowhere it need not."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.connecting.clients import CLIENTS
from tests.app.conftest import ROOT, TOKEN, Start

CANARY = "canary-of-the-token"


def connect(
    folder: Path, *arguments: str, home: Path | None = None, **environ: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "app", "connect", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "HOME": str(home or folder / "home"),
            **environ,
        },
    )


@pytest.mark.parametrize("name", CLIENTS)
def test_what_is_printed_never_has_the_token(name: str, tmp_path: Path) -> None:
    done = connect(tmp_path, name, EXAI_TOKEN=CANARY)

    assert done.returncode == 0
    assert "127.0.0.1:8079/mcp" in done.stdout
    assert CANARY not in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", CLIENTS)
def test_what_is_written_is_written_once(name: str, tmp_path: Path) -> None:
    done = connect(tmp_path, name, "--write", EXAI_TOKEN=CANARY)
    again = connect(tmp_path, name, "--write", EXAI_TOKEN=CANARY)

    assert (done.returncode, done.stdout) == (0, "")
    assert CANARY not in done.stderr
    assert "has this server already; nothing was changed" in again.stderr
    assert not list(tmp_path.rglob("*.backup"))


def test_the_generated_tokens_file_is_found_and_named_not_read_out(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "token").write_text(CANARY + "\n")

    done = connect(tmp_path, "claude-desktop", "--write")

    assert CANARY not in done.stderr
    (written,) = tmp_path.rglob("claude_desktop_config.json")
    arguments = json.loads(written.read_text())["mcpServers"]["exai"]["args"]
    assert arguments[-2:] == ["--token-file", str(tmp_path / "data" / "token")]
    assert CANARY not in written.read_text()


def test_what_is_there_is_kept_and_backed_up(tmp_path: Path) -> None:
    file = tmp_path / ".mcp.json"
    file.write_text('{"mcpServers": {"theirs": {"command": "c"}}}')

    done = connect(tmp_path, "claude-code", "--write", "--name", "ours", "--url", "https://exai.example.com")

    assert done.returncode == 0
    written = json.loads(file.read_text())["mcpServers"]
    assert written["theirs"] == {"command": "c"}
    assert written["ours"]["url"] == "wss://exai.example.com/mcp"
    (backup,) = tmp_path.glob("*.backup")
    assert str(backup) in done.stderr
    assert json.loads(backup.read_text()) == {"mcpServers": {"theirs": {"command": "c"}}}


def test_a_scope_and_a_file_choose_where(tmp_path: Path) -> None:
    connect(tmp_path, "cursor", "--write", "--scope", "project")
    connect(tmp_path, "cursor", "--write", "--file", "elsewhere.json")

    assert (tmp_path / ".cursor" / "mcp.json").exists()
    assert (tmp_path / "elsewhere.json").exists()
    assert not (tmp_path / "home").exists()


def test_the_servers_own_variables_say_where_it_is(tmp_path: Path) -> None:
    assert "http://127.0.0.1:9/mcp" in connect(tmp_path, "codex", WS_PORT="9", WS_HOST="0.0.0.0").stdout  # noqa: S104 - shown, not bound
    assert "https://a.example/mcp" in connect(tmp_path, "codex", PUBLIC_URL="https://a.example").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        ([], 64, "the following arguments are required: CLIENT"),
        (["emacs"], 64, "invalid choice: 'emacs'"),
        (["zed", "--url", "ws://h/mcp?token=x"], 64, "put it into EXAI_TOKEN"),
        (["vscode", "--scope", "user"], 64, "VS Code has no file for one user: leave --scope out."),
        (["zed", "--write"], 78, "Zed needs the token itself in its file, and none is known here"),
        (["zed", "--token-file", "/none"], 78, "the token file cannot be read"),
    ],
)
def test_wrong_use_is_one_sentence(arguments: list[str], code: int, sentence: str, tmp_path: Path) -> None:
    done = connect(tmp_path, *arguments)

    assert (done.returncode, done.stdout) == (code, "")
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_check_makes_a_real_call_before_anything_is_written(start: Start, tmp_path: Path) -> None:
    url = start().url()

    refused = connect(tmp_path, "codex", "--check", "--write", "--url", url, EXAI_TOKEN="wrong-token")
    assert refused.returncode == 1
    assert "does not accept the token (401)" in refused.stderr
    assert "Nothing was written" in refused.stderr
    assert not list(tmp_path.rglob("config.toml"))

    for name in ("codex", "claude-code"):
        done = connect(tmp_path, name, "--check", "--write", "--url", url, EXAI_TOKEN=TOKEN)
        assert done.returncode == 0
        assert "The server answers: " in done.stderr
    assert len([*tmp_path.rglob("config.toml"), *tmp_path.rglob(".mcp.json")]) == 2
