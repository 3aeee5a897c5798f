"""Plain counters: what they add up to."""

import pytest

from app.telemetry import metrics
from app.telemetry.tallies import Distribution, Tallies, Tally


def test_a_tally_adds_by_labels() -> None:
    tally = Tally()
    tally.add(("a",))
    tally.add(("a",), 2)
    tally.add(("b",), 0.5)

    assert dict(tally) == {("a",): 3, ("b",): 0.5}


def test_a_value_counts_in_the_first_bucket_that_holds_it() -> None:
    distribution = Distribution((1, 2, 4))
    for value in (0.5, 1, 1.5, 4, 5):
        distribution.add(("x",), value)

    # up to 1, up to 2, up to 4, above; then the sum
    assert distribution.rows == {("x",): [2, 1, 1, 1, 12.0]}


def test_a_metric_is_kept_once_and_only_as_what_it_is() -> None:
    tallies = Tallies()

    assert tallies.counter(metrics.COST) is tallies.counter(metrics.COST)
    with pytest.raises(TypeError, match="is no histogram"):
        tallies.distribution(metrics.COST)
    with pytest.raises(TypeError, match="is no counter"):
        tallies.counter(metrics.STORE)
    assert [metric for metric, _ in tallies] == [metrics.COST, metrics.STORE]
