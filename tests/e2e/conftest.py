"""One real stack for all tests of a module, brought up once and removed at the end, whatever happened."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app import contract
from tests import private_engine
from tests.e2e.checkout import Checkout, Stack
from tests.private_engine import PrivateEngine


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    root: Path = tmp_path_factory.mktemp("checkout")
    return Checkout(root)


@pytest.fixture(scope="module")
def stack(checkout: Checkout) -> Iterator[Stack]:
    made = Stack(checkout)
    yield made
    made.remove()


@pytest.fixture(scope="session")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateEngine]:
    """An engine of the tests' own, with the base images, and in no Swarm yet."""
    if reason := private_engine.missing():
        pytest.skip(reason)
    with private_engine.running(tmp_path_factory.mktemp("engine"), [*contract.IMAGES.values()]) as engine:
        yield engine


@pytest.fixture(scope="module")
def private_checkout(private: PrivateEngine, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A copy whose verbs speak to that engine."""
    return Checkout(tmp_path_factory.mktemp("checkout"), private.host)
