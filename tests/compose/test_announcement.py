"""What the scripts say at their end, read by the shell it is pasted into."""

import json
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "a-token-nobody-may-see"


def test_the_lines_for_claude_code_give_it_the_token_by_the_environment_only(tmp_path: Path) -> None:
    file = tmp_path / "an env file"
    file.write_text(f"AUTH_TOKEN=old\nAUTH_TOKEN={TOKEN}\n")
    said = subprocess.run(
        ["bash", "-c", '. scripts/docker-preflight.sh; announce 8079 "$0"', str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    _, _, lines = said.partition("Claude Code:\n")
    claude = "claude() { printf '%s\\n' \"$@\"; }"

    *words, entry, token = subprocess.run(
        ["sh", "-c", f"{claude}\n{lines}\necho $EXAI_TOKEN"], capture_output=True, text=True, check=True
    ).stdout.splitlines()

    assert words == ["mcp", "add-json", "--scope", "project", "exai"]
    assert json.loads(entry) == {
        "type": "ws",
        "url": "ws://127.0.0.1:8079/mcp",
        "headers": {"Authorization": "Bearer ${EXAI_TOKEN}"},
    }
    assert token == TOKEN
    assert TOKEN not in said
