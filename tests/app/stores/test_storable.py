"""What no database can hold is replaced wherever it stands, and nothing else is touched."""

from typing import Any

import pytest

from app.stores.storable import storable
from tests.app.stores.made import ALICE, event, new_file, new_job, said


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("plain", "plain"),
        ("ünï 世界 😀", "ünï 世界 😀"),
        ("a\0b", "a\ufffdb"),
        ("a\ud800b", "a\ufffdb"),
        ("\udc80é", "\ufffdé"),
        (["x\0", ("y\0", 1, None)], ["x\ufffd", ("y\ufffd", 1, None)]),
        ({"k\0": {"n": [True, 1.5, b"\0"]}}, {"k\ufffd": {"n": [True, 1.5, b"\0"]}}),
    ],
)
def test_texts_are_made_storable_wherever_they_stand(value: Any, kept: Any) -> None:
    assert storable(value) == kept


@pytest.mark.parametrize("record", [new_job(), said("text", files=("a",)), event("e", n=1), new_file()])
def test_a_record_that_needs_nothing_stays_equal(record: Any) -> None:
    assert storable(record) == record


def test_a_record_is_changed_only_where_it_must_be() -> None:
    job = new_job(title="a\0")

    changed = storable(job)

    assert (changed.title, changed.principal, changed.id) == ("a\ufffd", ALICE, job.id)
    assert job.title == "a\0"
