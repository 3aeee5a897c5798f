"""Exchanges of revision 2026-07-28: the envelope in `_meta`, and the headers that repeat it."""

import random
from collections.abc import Iterator

from tests.differential.exchange import Exchange


def exchanges(_chance: random.Random) -> Iterator[Exchange]:
    """None until our core speaks that revision."""
    return iter(())
