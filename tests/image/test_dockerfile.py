"""The Dockerfile and what it lets in, before anything is built."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SECRET_MOUNT = "--mount=type=secret,id=ca"


@pytest.mark.parametrize("path", ["Dockerfile", "tools/baseline/Dockerfile"])
def test_hadolint_finds_nothing_at_its_lowest_level(path: str) -> None:
    linted = subprocess.run(
        ["hadolint", "--no-color", "--failure-threshold", "style", path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (linted.returncode, linted.stdout) == (0, "")


def test_every_ignored_rule_has_its_reason() -> None:
    ignores = [line for line in DOCKERFILE.splitlines() if "hadolint ignore" in line]

    assert ignores
    assert all(re.search(r"ignore=\S+ # \S+", line) for line in ignores)


def test_nothing_is_used_that_the_builder_of_engine_20_10_lacks() -> None:
    assert not re.search(r"^#\s*syntax=", DOCKERFILE, re.MULTILINE)
    assert "<<" not in DOCKERFILE
    assert "--link" not in DOCKERFILE
    assert "--start-interval" not in DOCKERFILE


def test_the_stages_of_the_contract_exist() -> None:
    stages = re.findall(r"^FROM \S+ AS (\S+)$", DOCKERFILE, re.MULTILINE)

    assert {"deps", "production", "development"} <= set(stages)


def test_dependencies_are_installed_before_the_source_arrives() -> None:
    assert DOCKERFILE.index("uv sync --locked") < DOCKERFILE.index("COPY app")


def test_every_step_that_reaches_out_may_read_the_ca_and_leaves_it_out_where_it_is_empty() -> None:
    steps = re.findall(r"^RUN .*?(?<!\\)$", DOCKERFILE, re.MULTILINE | re.DOTALL)
    reaching = [step for step in steps if "pip install" in step or "uv sync" in step]

    assert len(reaching) == 3
    assert all(SECRET_MOUNT in step and "[ -s /run/secrets/ca ]" in step for step in reaching)


def test_the_default_version_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert re.findall(r"^ARG VERSION=(.+)$", DOCKERFILE, re.MULTILINE) == [project["version"]]


def test_uv_is_pinned_by_version_and_hashes() -> None:
    requirement = (ROOT / "tools" / "uv.txt").read_text()

    assert re.search(r"^uv==\d+\.\d+\.\d+ \\$", requirement, re.MULTILINE)
    assert "--hash=sha256:" in requirement
    assert "--require-hashes -r uv.txt" in DOCKERFILE


def test_the_ignore_file_denies_first_and_uses_three_forms_only() -> None:
    """The Pulumi program computes the context's digest from these lines, so it must understand each."""
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]

    assert lines[0] == "*"
    assert all(re.fullmatch(r"\*|![\w./]+|\*\*/[\w.]+", line) for line in lines)


@pytest.mark.engine
def test_the_builder_is_sent_only_what_the_image_is_made_from(tmp_path: Path) -> None:
    listing = tmp_path / "Dockerfile"
    listing.write_text("FROM scratch\nCOPY . /\n")
    (tmp_path / "Dockerfile.dockerignore").write_text((ROOT / ".dockerignore").read_text())
    subprocess.run(
        ["docker", "build", "--quiet", "--file", listing, "--output", tmp_path / "context", ROOT],
        env=os.environ | {"DOCKER_BUILDKIT": "1"},
        capture_output=True,
        check=True,
        timeout=120,
    )

    sent = {str(path.relative_to(tmp_path / "context")) for path in (tmp_path / "context").rglob("*")}
    expected = {
        str(path.relative_to(ROOT)) for path in (ROOT / "app").rglob("*") if "__pycache__" not in path.parts
    }

    assert sent == expected | {"app", "pyproject.toml", "uv.lock", "tools", "tools/uv.txt"}
