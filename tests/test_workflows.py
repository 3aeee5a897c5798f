"""The workflows: pinned, without rights they do not need, and calling the verbs that people call."""

import os
import re
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.scan import linters
from scripts.scan.verdict import State

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PINNED = re.compile(r"[\w./-]+@[0-9a-f]{40} # v\d+(\.\d+)*$")
WIDEST = {"contents": "read", "pull-requests": "write"}


@pytest.fixture(params=FILES, ids=lambda path: str(path.stem))
def workflow(request: pytest.FixtureRequest) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(request.param.read_text())
    return document


def test_actionlint_and_zizmor_find_nothing() -> None:
    verdict = linters.workflows(ROOT)

    assert verdict.state is State.PASSED, verdict.findings


@pytest.mark.parametrize("file", FILES, ids=lambda path: str(path.stem))
def test_every_action_is_pinned_by_its_commit(file: Path) -> None:
    uses = re.findall(r"uses: (.+)$", file.read_text(), re.MULTILINE)

    assert uses
    assert [one for one in uses if not PINNED.fullmatch(one)] == []


def test_nothing_may_write_but_the_comment(workflow: dict[str, Any]) -> None:
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        assert job["permissions"].items() <= WIDEST.items()
        assert job["timeout-minutes"] <= 90


def test_pull_requests_of_strangers_get_no_secret(workflow: dict[str, Any]) -> None:
    # YAML reads the key `on` as true.
    assert "pull_request_target" not in workflow[True]
    assert "workflow_run" not in workflow[True]


@pytest.mark.parametrize("file", FILES, ids=lambda path: str(path.stem))
def test_the_verbs_are_those_of_the_makefile(file: Path) -> None:
    verbs = set(re.findall(r"^\s+(?:- run: )?make (?:--silent )?([a-z-]+)", file.read_text(), re.MULTILINE))

    assert verbs
    for verb in verbs:
        assert re.search(rf"^{verb}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_the_code_that_plans_never_sees_the_backends_credentials() -> None:
    steps = yaml.safe_load((ROOT / ".github" / "workflows" / "plan.yml").read_text())["jobs"]["plan"]["steps"]
    with_secrets = [index for index, step in enumerate(steps) if "secrets." in str(step)]
    checkout = next(index for index, step in enumerate(steps) if "checkout" in step.get("uses", ""))

    assert with_secrets
    assert max(with_secrets) < checkout


@pytest.fixture
def comment(tmp_path: Path) -> Any:
    """Run the script with a `gh` that notes what it is asked and lists what was commented before."""

    def run(*earlier: str) -> list[str]:
        noted = tmp_path / "noted"
        ids = "\\n".join(earlier)
        gh = tmp_path / "gh"
        gh.write_text(
            f'#!/bin/sh\necho "$* MARKER=$MARKER" >> {noted}\n'
            f"case \"$*\" in *--paginate*) printf '{ids}';; esac\n"
        )
        gh.chmod(stat.S_IRWXU)
        plan = tmp_path / "plan.md"
        plan.write_text("<!-- plan of prod -->\n### Plan: nothing\n")
        subprocess.run(
            [ROOT / "scripts" / "comment-plan.sh", plan],
            env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "REPOSITORY": "a/b", "PULL_REQUEST": "7"},
            check=True,
            timeout=10,
        )
        return noted.read_text().splitlines()

    return run


def test_the_first_plan_is_a_new_comment(comment: Any) -> None:
    asked, told = comment()

    assert asked.startswith("api --paginate repos/a/b/issues/7/comments ")
    assert asked.endswith("MARKER=<!-- plan of prod -->")
    assert told.startswith("api --silent --method POST repos/a/b/issues/7/comments --field body=@")


def test_the_next_plan_takes_its_place(comment: Any) -> None:
    _, told = comment("11", "12")

    assert told.startswith("api --silent --method PATCH repos/a/b/issues/comments/11 --field body=@")
