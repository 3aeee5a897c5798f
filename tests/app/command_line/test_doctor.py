"""`exai-mcp doctor` as a script meets it: lines, JSON and exit codes."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.app.conftest import ROOT, TOKEN, Start


def doctor(folder: Path, *arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "app", "doctor", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "WS_PORT": "0", **environ},
    )


def test_a_whole_setup_ends_with_0(tmp_path: Path) -> None:
    done = doctor(tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].endswith(", 0 fail")


def test_something_that_does_not_work_ends_with_1_and_stdout_stays_json(tmp_path: Path) -> None:
    done = doctor(tmp_path, "--json", REDIS_URL="redis://127.0.0.1:1/0")

    told = json.loads(done.stdout)
    assert (done.returncode, told["ok"]) == (1, False)
    (failing,) = [finding for finding in told["findings"] if finding["level"] == "fail"]
    assert failing["area"] == "shared state"


def test_wrong_settings_end_with_78_and_are_all_said(tmp_path: Path) -> None:
    done = doctor(tmp_path, ENVIRONMENT="production", WS_PORT="many")

    assert done.returncode == 78
    assert [line.split()[:2] for line in done.stdout.splitlines()[:3]] == [["fail", "settings"]] * 3
    assert not (tmp_path / "data").exists()


def test_no_secret_shows(tmp_path: Path) -> None:
    secrets = {
        "AUTH_TOKEN": "canary-of-the-token",
        "KIMI_API_KEY": "sk-canary-of-kimi",
        "REDIS_URL": "redis://:canary-of-redis@127.0.0.1:1/0",
        "DATABASE_URL": "postgresql://exai:canary-of-postgres@127.0.0.1:1/exai",
    }

    done = doctor(tmp_path, **secrets)

    assert done.returncode == 1
    assert "canary" not in done.stdout + done.stderr


def test_a_server_that_runs_is_recognised(start: Start, tmp_path: Path) -> None:
    server = start()
    port = server.url().rpartition(":")[2]

    done = doctor(tmp_path, WS_PORT=port, AUTH_TOKEN=TOKEN)

    assert done.returncode == 0
    assert f"It runs on port {port}, release " in done.stdout
