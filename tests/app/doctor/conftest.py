"""What the doctor is shown: settings of a folder, and a real Redis."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.settings import Settings
from tests.app.shared.conftest import redis_available, redis_url

__all__ = ["redis_available", "redis_url"]

MakeSettings = Callable[..., Settings]


@pytest.fixture
def made(tmp_path: Path) -> MakeSettings:
    """Make settings as `from_env` does, on a port of the kernel's choice."""
    return lambda **environ: Settings.from_env({"WS_PORT": "0", **environ}, tmp_path)
