"""What a stack says about itself."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.exports import claude_line


@pytest.mark.skipif(
    shutil.which("sh") is None, reason="needs a POSIX shell to read the line as a user's would"
)
def test_the_line_for_claude_code_gets_the_token_from_its_file_in_the_shell(tmp_path: Path) -> None:
    (tmp_path / "auth_token").write_text("the-token\n")
    line = claude_line("ws://127.0.0.1:8079/mcp", "cat auth_token")
    script = f"claude() {{ printf '%s\\n' \"$@\"; }}\n{line}\n"

    said = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout

    *words, server = said.splitlines()
    assert words == ["mcp", "add-json", "exai"]
    assert json.loads(server) == {
        "type": "ws",
        "url": "ws://127.0.0.1:8079/mcp",
        "headers": {"Authorization": "Bearer the-token"},
    }
    assert "the-token" not in line
