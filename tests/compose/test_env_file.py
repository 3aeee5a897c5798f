"""What the scripts say of a wrong environment file; needs a shell and awk, and no engine."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
BARE = {"PATH": os.environ["PATH"]}


def _shell(command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    script = f". scripts/docker-preflight.sh; {command}"
    return subprocess.run(
        ["bash", "-euc", script, "bash", *arguments],
        cwd=ROOT,
        env=BARE,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def _faults(file: Path, content: str, reader: str = "compose") -> list[str]:
    """Return the sentences after the one that names the file; each is one line."""
    file.write_bytes(content.encode())
    judged = _shell('require_env_file "$1" "$2"', str(file), reader)
    if judged.returncode == 0:
        assert judged.stderr == ""
        return []
    first, *faults = judged.stderr.splitlines()
    assert judged.returncode == 78
    assert first == f"{file} has faults, so nothing was started:"
    return faults


def test_the_example_and_all_its_variables_are_right(tmp_path: Path) -> None:
    example = (ROOT / ".env.docker.example").read_text()
    every = "".join(f"{line.removeprefix('#')}\n" for line in example.splitlines() if line[1:2].isupper())

    assert _faults(tmp_path / "env", example) == []
    assert "KIMI_API_KEY=" in every
    assert _faults(tmp_path / "env", every) == []


def test_variables_of_the_compose_file_and_of_compose_itself_are_known(tmp_path: Path) -> None:
    assert _faults(tmp_path / "env", "MCP_IMAGE=a:1\nLOG_MAX_SIZE=1m\nCOMPOSE_PROJECT_NAME=x\n") == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('AUTH_TOKEN="abc"', "Line 1 (AUTH_TOKEN) has a value in quotes"),
        ("AUTH_TOKEN='abc'", "Line 1 (AUTH_TOKEN) has a value in quotes"),
        ("KIMI_API_KEY=ab$cd", "Line 1 (KIMI_API_KEY) holds a $"),
        ("LOGLEVEL=DEBUG", "if LOG_LEVEL is meant"),
        ("log_level=DEBUG", "if LOG_LEVEL is meant"),
        ("FOO_BAR=1", "Line 1 (FOO_BAR) sets a variable that nothing here reads: remove it"),
        ("STORE=auto # the default", "Line 1 (STORE) has a comment after its value"),
        ("STORE= auto", "Line 1 (STORE) has spaces around its value"),
        ("LOG_LEVEL = INFO", "Line 1 (LOG_LEVEL ) is not NAME=value"),
        ("export STORE=auto", "Line 1 (export STORE) is not NAME=value"),
    ],
)
def test_what_the_two_readers_would_read_differently_is_refused(
    tmp_path: Path, line: str, reason: str
) -> None:
    (fault,) = _faults(tmp_path / "env", f"{line}\n")

    assert reason in fault
    assert fault.endswith(".")


def test_a_line_without_a_name_is_not_repeated_as_it_may_be_a_secret(tmp_path: Path) -> None:
    (fault,) = _faults(tmp_path / "env", "STORE=auto\nhello world\n")

    assert fault.startswith("Line 2 is not NAME=value")
    assert "hello" not in fault


def test_windows_line_ends_are_one_sentence_for_the_file(tmp_path: Path) -> None:
    (fault,) = _faults(tmp_path / "env", "STORE=auto\r\n\r\nLOG_LEVEL=INFO\r\n")

    assert "carriage return" in fault


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    faults = _faults(tmp_path / "env", "FOO_BAR=1\nhello world\nSTORE='auto'\nAUTH_TOKEN=$x\n")

    assert [fault.split()[1] for fault in faults] == ["1", "2", "3", "4"]


def test_docker_run_takes_a_dollar_as_it_stands(tmp_path: Path) -> None:
    assert _faults(tmp_path / "env", "KIMI_API_KEY=ab$cd\n", reader="run") == []


@pytest.mark.parametrize("port", ["abc", "0", "65536", "127.0.0.1:80", "-1", ""])
def test_a_port_that_is_none_is_one_sentence_with_its_variable(port: str) -> None:
    judged = _shell('require_port "$1"', port)

    assert judged.returncode == 78
    assert judged.stderr.startswith(f"MCP_PUBLISHED_PORT is '{port}', which is not a port")
    assert len(judged.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "script", ["docker-build.sh", "docker-run.sh", "docker-env.sh", "compose-up.sh", "compose-down.sh"]
)
def test_help_is_the_usage_and_starts_nothing(script: str) -> None:
    helped = subprocess.run(
        [ROOT / "scripts" / script, "--help"],
        env=BARE | {"DOCKER_HOST": "unix:///nowhere/docker.sock"},
        capture_output=True,
        text=True,
        check=False,
        timeout=10,
    )

    assert (helped.returncode, helped.stderr) == (0, "")
    assert f"Usage: scripts/{script}" in helped.stdout
    assert "#" not in helped.stdout
