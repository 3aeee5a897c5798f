"""A copy of the checkout and no engine: what a CI runner has that only plans."""

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.e2e.checkout import Checkout

NO_ENGINE = "ssh://ci@localhost"


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    root: Path = tmp_path_factory.mktemp("preview")
    return Checkout(root)


@pytest.fixture
def preview(checkout: Checkout) -> Callable[..., "CompletedProcess[str]"]:
    """Run the verb for a stack without an engine."""

    def run(stack: str, *flags: str, **more: str) -> "CompletedProcess[str]":
        return checkout.verb("preview", stack, *flags, **{"DOCKER_HOST": NO_ENGINE, **more})

    return run
