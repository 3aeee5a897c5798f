"""Schemas as models read them, and faults in words."""

from enum import Enum
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.protocol.schemas import MAX_FAULTS, faults, schema_of, terse


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Brush(BaseModel):
    """What to paint with."""

    width: int = Field(ge=1, description="in millimetres")


class Painting(BaseModel):
    colour: Colour = Field(description="of the sky")
    brush: Brush
    spare: list[Brush] = []


class Tree(BaseModel):
    children: list["Tree"] = []


def test_nested_models_and_enums_are_written_in_place() -> None:
    schema = schema_of(Painting)

    assert "$defs" not in schema
    assert "$ref" not in str(schema)
    assert schema["properties"]["colour"] == {
        "enum": ["red", "blue"], "type": "string", "description": "of the sky",
    }  # fmt: skip
    assert schema["properties"]["brush"]["properties"]["width"]["minimum"] == 1
    assert schema["properties"]["spare"]["items"]["required"] == ["width"]


def test_titles_derived_from_names_are_left_out() -> None:
    assert "title" not in str(schema_of(Painting))


def test_a_model_that_refers_to_itself_keeps_its_definitions() -> None:
    schema = schema_of(Tree)

    assert schema["type"] == "object"
    assert "Tree" in schema["$defs"]


def test_a_model_without_fields_is_still_an_object() -> None:
    class Nothing(BaseModel):
        pass

    assert schema_of(Nothing) == {"properties": {}, "type": "object"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"colour": "red"}, "'brush': Field required"),
        ({"colour": "green", "brush": {"width": 1}}, "'colour': Input should be 'red' or 'blue'"),
        (
            {"colour": "red", "brush": {"width": 0}},
            "'brush.width': Input should be greater than or equal to 1",
        ),
    ],
)
def test_a_fault_names_the_field_and_what_is_wrong(arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Painting.model_validate(arguments)

    assert faults(caught.value) == sentence


def test_faults_never_quote_what_was_sent_and_stop_after_a_few() -> None:
    with pytest.raises(ValidationError) as caught:
        Painting.model_validate({"colour": "s3cret", "brush": {"width": "s3cret"}, "spare": [{}, {}, {}]})
    sentence = faults(caught.value)

    assert "s3cret" not in sentence
    assert sentence.endswith("; and 2 more")
    assert sentence.count(": ") == MAX_FAULTS


def test_a_terse_schema_lists_only_what_a_reader_needs() -> None:
    class Errand(BaseModel):
        """What this is, which the tool says already."""

        model_config = ConfigDict(extra="forbid", json_schema_extra=terse)

        what: str = Field(description="to fetch")
        where: str | None = Field(default=None, description="if not here")
        brush: Brush | None = None
        times: int = 1
        either: int | str | None = None

    assert schema_of(Errand) == {
        "additionalProperties": False,
        "properties": {
            "what": {"description": "to fetch", "type": "string"},
            "where": {"description": "if not here", "type": "string"},
            "brush": schema_of(Brush),
            "times": {"default": 1, "type": "integer"},
            "either": {"anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "null"}]},
        },
        "required": ["what"],
        "type": "object",
    }
    assert Errand(what="tea", where=None).where is None
