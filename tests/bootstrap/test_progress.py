"""A step that fails says what, why, what to do and where its log is; one that hangs is ended."""

import os
from pathlib import Path

import pytest

from scripts.bootstrap import progress
from scripts.bootstrap.refusal import EXIT_FAILED, Refusal


def run(script: str, log: Path, timeout: float = 30.0) -> None:
    progress.run(
        ["sh", "-c", script],
        what="Fetching the thing",
        remedy="check the mirror",
        log=log,
        timeout=timeout,
        environ=os.environ,
    )


def test_a_failure_is_one_sentence_with_its_cause_and_log(tmp_path: Path) -> None:
    log = tmp_path / "logs/step.log"
    with pytest.raises(Refusal) as refusal:
        run("echo first; echo 'E: no such host' >&2; exit 100", log)
    assert refusal.value.sentences == (
        f"Fetching the thing failed (E: no such host): check the mirror; its log is {log}.",
    )
    assert refusal.value.code == EXIT_FAILED
    assert "first" in log.read_text()


def test_a_program_that_hangs_is_ended(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with pytest.raises(Refusal, match="took longer than 2 s and was ended"):
        run("echo $$; exec sleep 600", log, timeout=2)
    pid = log.read_text().split()[-1]
    assert not Path(f"/proc/{pid}").exists()


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="no-such-program cannot be started"):
        progress.run(
            ["no-such-program"], what="It", remedy="install it", log=tmp_path / "log", timeout=1, environ={}
        )


def test_steps_speak_on_stderr_only(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.step("building the thing", "about 6 min the first time"):
        pass
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[0] == "• building the thing (about 6 min the first time)"
    assert err.splitlines()[1].startswith("  done in ")
