"""`exai-mcp call`: a tool's answer on stdout, everything else in one sentence on stderr."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.app.conftest import ROOT, TOKEN, Start


def call(folder: Path, *arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "app", "call", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "EXAI_TOKEN": TOKEN, **environ},
    )


def test_the_answer_is_on_stdout_and_nothing_else(start: Start, tmp_path: Path) -> None:
    url = start().url()

    done = call(tmp_path, "listmodels", "vendor=kimi", "available=false", "--url", url)

    assert (done.returncode, done.stderr) == (0, "")
    assert "kimi-k2.6" in done.stdout
    assert "glm-" not in done.stdout


def test_the_whole_result_can_be_had_as_json(start: Start, tmp_path: Path) -> None:
    done = call(tmp_path, "status", "--json", "--url", start().url())

    assert json.loads(done.stdout)["structuredContent"]["version"]


def test_a_tool_that_answers_with_an_error_is_a_finding(start: Start, tmp_path: Path) -> None:
    done = call(tmp_path, "chat", "prompt=hello", "--url", start().url())

    assert done.returncode == 1
    assert "KIMI_API_KEY" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["chatt"], "there is no tool 'chatt'; name one of chat, thinkdeep"),
        (["chat", "hello"], "'hello' is no argument of it as NAME=VALUE: it takes prompt, project"),
        (["chat", "promt=x"], "'promt=x' is no argument of it as NAME=VALUE"),
        (["status", "a=b"], "it takes none"),
        (["listmodels", "available=yes"], "available is 'yes', which is no JSON"),
    ],
)
def test_wrong_use_is_said_before_anything_is_called(
    arguments: list[str], sentence: str, start: Start, tmp_path: Path
) -> None:
    done = call(tmp_path, *arguments, "--url", start().url())

    assert (done.returncode, done.stdout) == (64, "")
    assert sentence in done.stderr


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [({"EXAI_TOKEN": "wrong"}, "does not accept the token (401)"), ({"WS_PORT": "9"}, "cannot be reached")],
)
def test_a_server_that_cannot_be_used_is_one_sentence(
    environ: dict[str, str], sentence: str, start: Start, tmp_path: Path
) -> None:
    where = [] if "WS_PORT" in environ else ["--url", start().url()]

    done = call(tmp_path, "status", *where, **environ)

    assert (done.returncode, done.stdout) == (1, "")
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_tool_that_the_client_may_not_call_is_not_there(start: Start, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "server.toml").write_text('[clients.default]\ntools = ["status"]\n')

    done = call(tmp_path, "chat", "prompt=hello", "--url", start().url())

    assert done.returncode == 64
    assert "there is no tool 'chat'; name one of status." in done.stderr
