"""A step that fails says what, why, what to do and where its log is; one that hangs is ended."""

import os
import threading
from pathlib import Path

import pytest

from scripts.bootstrap import progress, toolchain
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


def test_a_sign_of_life_says_what_is_being_done(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "LOG_TICK_SECONDS", 0.01)
    asked = threading.Event()

    def now() -> str:
        asked.set()
        return "(the second part)"

    with progress.step("building", "6 min", now):
        assert asked.wait(10)
    assert "(the second part)" in capsys.readouterr().err


def test_the_toolchain_names_the_part_that_is_being_built(tmp_path: Path) -> None:
    seen = [toolchain.under_way(None), toolchain.under_way(tmp_path)]
    for _, file in toolchain.PARTS:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
        seen.append(toolchain.under_way(tmp_path))
    assert seen == [
        "(fetching Go)",
        "(the Pulumi CLI, 1 of 3)",
        "(its Python language host, 2 of 3)",
        "(the Docker provider, 3 of 3)",
        "(finishing)",
    ]


def test_the_parts_are_those_of_the_build_script_in_its_order() -> None:
    script = (Path(toolchain.__file__).parents[2] / "tools/toolchain/build.sh").read_text()
    places = [script.index(f'-o "$out/{file}"') for _, file in toolchain.PARTS]
    assert places == sorted(places)
