"""The production image: what it is made of, what its layers hide, and how old its Debian is."""

import json
import os
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.scan import debian, image, leaks, parts_list
from scripts.scan.programs import ROOT
from scripts.scan.verdict import CannotAsk, State

pytestmark = pytest.mark.engine

BUILD_SECONDS = 300
TOKEN = secrets.token_urlsafe(32)
"""Made up for each run: one written here would be found here."""


def _build(folder: Path, dockerfile: str) -> str:
    name = f"exai-scan-test-{os.getpid()}:{folder.name}"
    (folder / "Dockerfile").write_text(dockerfile)
    subprocess.run(
        ["docker", "build", "--quiet", "--tag", name, str(folder)],
        check=True,
        capture_output=True,
        timeout=BUILD_SECONDS,
        env={**os.environ, "DOCKER_BUILDKIT": "1"},
    )
    return name


@pytest.fixture
def made() -> Iterator[list[str]]:
    names: list[str] = []
    yield names
    for name in names:
        subprocess.run(["docker", "rmi", name], check=True, capture_output=True, timeout=60)


@pytest.fixture(scope="module")
def production() -> Iterator[str]:
    with image.built() as name:
        yield name


def test_the_production_image_holds_no_secret_and_what_is_locked(production: str) -> None:
    with image.archive(production) as archive:
        assert leaks.image(archive).findings == ()
        verdict = parts_list.listed(archive)

    assert verdict.state is State.PASSED, verdict.findings
    bill = json.loads((ROOT / parts_list.FILE).read_text())
    assert (bill["bomFormat"], bill["metadata"]["component"]["name"]) == ("CycloneDX", "exai-mcp-server")
    kinds = {component.get("purl", "").split("/")[0] for component in bill["components"]}
    assert {"pkg:deb", "pkg:pypi"} <= kinds


def test_a_secret_that_a_later_layer_removes_is_found(tmp_path: Path, made: list[str]) -> None:
    (tmp_path / "settings").write_text(f"AUTH_TOKEN={TOKEN}\n")
    made.append(
        _build(tmp_path, "FROM python:3.13-slim\nCOPY settings /etc/settings\nRUN rm /etc/settings\n")
    )

    with image.archive(made[0]) as archive:
        verdict = leaks.image(archive)

    assert verdict.state is State.FOUND
    assert verdict.findings == ("layer-0/etc/settings line 1 exai-secret",)


def test_a_secret_given_as_a_build_argument_is_found_in_the_history(tmp_path: Path, made: list[str]) -> None:
    text = f"FROM python:3.13-slim\nARG AUTH_TOKEN={TOKEN}\nRUN touch /x\n"
    made.append(_build(tmp_path, text))

    with image.archive(made[0]) as archive:
        verdict = leaks.image(archive)

    assert verdict.state is State.FOUND
    assert all(finding.startswith("config.json line ") for finding in verdict.findings)


def test_an_image_that_is_not_there_is_said() -> None:
    with (
        pytest.raises(CannotAsk, match=r"nowhere:x|No such image|reference does not exist"),
        image.archive("nowhere:x"),
    ):
        pytest.fail("it was archived")


def test_a_package_that_debian_has_mended_since_is_found(tmp_path: Path, made: list[str]) -> None:
    older = r"RUN sed -i '/^Package: base-files$/,/^$/s/^Version: .*/Version: 1.0/' /var/lib/dpkg/status"
    made.append(_build(tmp_path, f"FROM python:3.13-slim\n{older}\n"))

    verdict = debian.behind([made[0]])

    assert verdict.state is State.FOUND
    assert verdict.findings[0].startswith(f"{made[0]}: base-files 1.0 -> ")


def test_mirrors_that_do_not_answer_are_not_called_up_to_date(tmp_path: Path, made: list[str]) -> None:
    nowhere = "RUN echo 'deb http://127.0.0.1:9/debian trixie main' > /etc/apt/sources.list"
    made.append(_build(tmp_path, f"FROM python:3.13-slim\n{nowhere}\n"))

    with pytest.raises(CannotAsk, match="cannot be compared with Debian's"):
        debian.behind([made[0]])
