"""A secret shows itself to nobody who does not ask."""

import json
import pickle

import orjson
import pytest
from pydantic import BaseModel, ValidationError

from app.settings import Secret


class Record(BaseModel):
    key: Secret


@pytest.mark.parametrize("shown", [repr, str, "{}".format, "{!r}".format, "%s".__mod__, lambda s: f"{s:>3}"])
def test_no_way_of_printing_shows_the_value(shown) -> None:  # type: ignore[no-untyped-def]  # six shapes of callable
    assert shown(Secret("hunter2")) == "***"


@pytest.mark.parametrize("dump", [json.dumps, orjson.dumps, pickle.dumps])
def test_serialisers_refuse_it(dump) -> None:  # type: ignore[no-untyped-def]  # three shapes of callable
    with pytest.raises(TypeError):
        dump(Secret("hunter2"))


def test_a_pydantic_record_dumps_the_mask_and_accepts_only_a_secret() -> None:
    record = Record(key=Secret("hunter2"))

    assert record.model_dump() == {"key": "***"}
    assert "hunter2" not in record.model_dump_json() + repr(record)
    with pytest.raises(ValidationError):
        Record(key="hunter2")  # type: ignore[arg-type]  # the wrong type is the point


def test_secrets_are_equal_by_value() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert hash(Secret("a")) == hash(Secret("a"))
