"""A copy of the checkout and no engine: what a CI runner has that only plans."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.e2e.checkout import Checkout

NO_ENGINE = "ssh://ci@localhost"
COMMITTED = frozenset({"dev", "prod"})


def digest(done: "CompletedProcess[str]") -> dict[str, Any]:
    """Read what `--json` printed, behind what was said on the other stream."""
    found: dict[str, Any] = json.loads(done.stdout[done.stdout.index("{") :])
    return found


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    root: Path = tmp_path_factory.mktemp("preview")
    return Checkout(root)


@pytest.fixture(scope="session")
def asked() -> dict[object, "CompletedProcess[str]"]:
    """What was asked of the committed stacks so far, and answered."""
    return {}


@pytest.fixture
def preview(
    checkout: Checkout, asked: dict[object, "CompletedProcess[str]"]
) -> Callable[..., "CompletedProcess[str]"]:
    """Run the verb for a stack without an engine; the same question about a committed one is asked once."""

    def run(stack: str, *flags: str, **more: str) -> "CompletedProcess[str]":
        key = (stack, flags, tuple(more.items()))
        if key not in asked or stack not in COMMITTED or "--state" in flags:
            asked[key] = checkout.verb("preview", stack, *flags, **{"DOCKER_HOST": NO_ENGINE, **more})
        return asked[key]

    return run
