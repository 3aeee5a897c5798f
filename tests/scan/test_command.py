"""One line a check, and an exit code that no unanswered question turns into a pass."""

import json
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.scan import __main__ as command
from scripts.scan import advisories, image, leaks, linters, programs
from scripts.scan.verdict import CannotAsk, State, Verdict, judged


def _run(monkeypatch: pytest.MonkeyPatch, *arguments: str, verdicts: list[Verdict] | None = None) -> int:
    monkeypatch.setattr(sys, "argv", ["scan", *arguments])
    if verdicts is not None:
        monkeypatch.setattr(command, "_all", lambda _image: iter(verdicts))
    return command.main()


PASSED = Verdict("one", State.PASSED, "12 files")
FOUND = Verdict("two", State.FOUND, "1 found: mend it", ("file line 3",))
NOT_RUN = Verdict("three", State.NOT_RUN, "its database does not answer.")


def test_each_check_is_a_line_and_each_finding_one_below(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = _run(monkeypatch, verdicts=[PASSED, FOUND])

    assert code == 1
    assert capsys.readouterr().out.splitlines() == [
        "ok       one                    12 files",
        "FOUND    two                    1 found: mend it",
        "         - file line 3",
    ]


def test_what_could_not_be_asked_is_said_loudly_and_fails_where_it_must_be_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(monkeypatch, verdicts=[PASSED, NOT_RUN]) == 0
    said = capsys.readouterr()
    assert "NOT RUN  three                  its database does not answer." in said.out
    assert said.err.startswith("NOT ASKED HERE: three. Nothing is known about these; .github/workflows/scan")

    assert _run(monkeypatch, "--strict", verdicts=[PASSED, NOT_RUN]) == 1


def test_without_an_engine_the_image_is_what_could_not_be_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @contextmanager
    def none() -> Iterator[str]:
        raise CannotAsk("the engine does not answer")
        yield

    monkeypatch.setattr(image, "built", none)
    monkeypatch.setattr(command, "_quick", lambda: iter([PASSED]))
    monkeypatch.setattr(leaks, "history", lambda: PASSED)
    monkeypatch.setattr(advisories, "python", lambda: PASSED)

    code = _run(monkeypatch)

    lines = capsys.readouterr().out.splitlines()
    assert code == 0
    for check in ("secrets in the image", "bill of materials", "Debian packages"):
        assert f"NOT RUN  {check:<22} the engine does not answer." in lines


def test_a_verdict_counts_what_it_found() -> None:
    assert judged("x", [], "fine", "mend it").state is State.PASSED
    assert judged("x", ["a", "b"], "fine", "mend it").said == "2 found: mend it"


def test_the_linters_find_nothing() -> None:
    for verdict in (linters.dockerfiles(), linters.compose(), linters.workflows()):
        assert verdict.state is State.PASSED, verdict.findings


def test_the_linters_find_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM python\nHEALTHCHECK CMD curl -f http://localhost\nCMD x\n")
    (tmp_path / "docker-compose.yml").write_text("services: { web: { image: nginx, privileged: true } }\n")
    (tmp_path / ".compose-lint.yml").write_text("rules: {}\n")
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    (folder / "x.yml").write_text(
        "on: pull_request_target\njobs:\n  a:\n    runs-on: nowhere\n    steps:\n"
        "      - uses: actions/checkout@v5\n      - run: echo ${{ github.event.pull_request.title }}\n"
    )

    found = [check(tmp_path) for check in (linters.dockerfiles, linters.compose, linters.workflows)]

    assert [verdict.state for verdict in found] == [State.FOUND] * 3
    workflows = "\n".join(found[2].findings)
    assert 'label "nowhere" is unknown' in workflows
    assert "template-injection" in workflows


def test_a_program_that_is_missing_is_said() -> None:
    with pytest.raises(CannotAsk, match=r"^no-such-program is not in the environment"):
        programs.run("no-such-program")


def test_silence_of_the_database_is_not_called_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """pip-audit itself finds nothing where it is told nothing, and says so."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")

    with pytest.raises(CannotAsk, match="answer"):
        advisories.python()


def _grype(folder: Path, monkeypatch: pytest.MonkeyPatch, *severities: str) -> Path:
    """A root with a bill of materials, and a grype that answers with one match a severity."""
    matches = [
        {
            "artifact": {"name": "libx", "version": "1"},
            "vulnerability": {"id": f"CVE-{severity}", "severity": severity, "fix": {"versions": ["2"]}},
        }
        for severity in severities
    ]
    program = folder / "grype"
    program.write_text(f"#!/bin/sh\necho '{json.dumps({'matches': matches})}'\n")
    program.chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    (folder / ".exai").mkdir()
    (folder / ".exai" / "sbom.cdx.json").write_text("{}")
    return folder


def test_grype_is_asked_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = advisories.image(_grype(tmp_path, monkeypatch, "High", "Low", "Medium"))

    assert verdict.findings == (
        "libx 1: CVE-High (High), mended in 2",
        "libx 1: CVE-Medium (Medium), mended in 2",
    )


def test_without_grype_nothing_is_called_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(CannotAsk, match="grype is not on PATH"):
        advisories.image()
