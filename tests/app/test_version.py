"""The version is written twice; here they are compared."""

import tomllib
from pathlib import Path

from app.version import VERSION, version_key

ROOT = Path(__file__).resolve().parents[2]


def test_the_version_is_the_one_of_the_distribution() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION


def test_versions_compare_by_number() -> None:
    assert version_key("1.10.0") > version_key("1.9.3")
    assert version_key("1.0.0rc1") == version_key("1.0.0")
