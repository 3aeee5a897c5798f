"""The compiled load generator, or a skip that says what is missing."""

import pytest

from bench.load import CannotBenchError, build
from bench.samples import LoadGenerator


@pytest.fixture(scope="session")
def generator() -> LoadGenerator:
    try:
        return LoadGenerator(build(), core=None)
    except CannotBenchError as error:
        pytest.skip(str(error))
