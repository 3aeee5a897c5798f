"""One real stack for all tests of a module, brought up once and removed at the end, whatever happened."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.checkout import Checkout, Stack


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    root: Path = tmp_path_factory.mktemp("checkout")
    return Checkout(root)


@pytest.fixture(scope="module")
def stack(checkout: Checkout) -> Iterator[Stack]:
    made = Stack(checkout)
    yield made
    made.remove()
