"""Prometheus' own programs: from PATH, else from Debian's package, kept in the user's cache."""

import shutil
from pathlib import Path

import pytest

from tests import debian


@pytest.fixture(scope="session")
def programs() -> Path:
    """The folder of `prometheus` and `promtool`; the test is skipped where neither can be had."""
    here = shutil.which("promtool")
    if here and shutil.which("prometheus"):
        return Path(here).parent
    try:
        return debian.unpacked("prometheus", "prometheus") / "usr" / "bin"
    except debian.CannotBeHadError as error:
        pytest.skip(f"promtool is not on PATH, and {error}")
