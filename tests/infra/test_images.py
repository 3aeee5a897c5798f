"""Which base image stands behind a name."""

from pathlib import Path

import pulumi
import pytest

from app import contract
from infra.images import reference
from infra.settings import Settings

DIGEST = f"sha256:{'a' * 64}"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "images.lock").write_text(f'[digests]\n"{contract.IMAGES["redis"]}" = "{DIGEST}"\n')
    return tmp_path


def test_the_stack_file_comes_first(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_IMAGE", "redis:variable")
    settings = Settings.model_validate({"images": {"redis": "redis:stack"}})

    assert reference("redis", settings, root) == "redis:stack"


def test_a_variable_comes_before_the_lock(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_IMAGE", "redis:variable")

    assert reference("redis", Settings(), root) == "redis:variable"


def test_a_pinned_image_is_taken_by_its_digest(root: Path) -> None:
    assert reference("redis", Settings(), root) == f"{contract.IMAGES['redis']}@{DIGEST}"


def test_what_a_stack_may_run_besides_is_found_the_same_way(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert reference("grafana", Settings(), root) == contract.OBSERVABILITY_IMAGES["grafana"]

    monkeypatch.setenv("GRAFANA_IMAGE", "grafana:variable")

    assert reference("grafana", Settings(), root) == "grafana:variable"


def test_an_image_that_is_not_pinned_is_taken_by_its_name(root: Path) -> None:
    assert reference("postgres", Settings(), root) == contract.IMAGES["postgres"]
    assert reference("postgres", Settings(), root / "nowhere") == contract.IMAGES["postgres"]


def test_a_broken_lock_is_one_sentence(root: Path) -> None:
    (root / "images.lock").write_text("digests = ")

    with pytest.raises(pulumi.RunError, match=r"^images\.lock is not TOML"):
        reference("redis", Settings(), root)
