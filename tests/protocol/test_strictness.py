"""True is not a number, wherever a number is wanted."""

from typing import Any

import pytest
from pydantic import BaseModel

from app.protocol.schemas import schema_of
from app.protocol.strictness import misplaced_boolean, numbers_in


class Point(BaseModel):
    x: float
    label: str = ""


class Drawing(BaseModel):
    scale: int = 1
    limit: int | None = None
    either: bool | int = 0
    filled: bool = False
    points: list[Point] = []
    origin: Point | None = None


class Words(BaseModel):
    words: list[str] = []
    loud: bool = False


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ({"scale": True}, "scale"),
        ({"limit": False}, "limit"),
        ({"points": [{"x": 1}, {"x": True}]}, "points.1.x"),
        ({"origin": {"x": True}}, "origin.x"),
        ({"scale": 1, "limit": None, "filled": True, "either": True, "points": [{"x": 1.5}]}, None),
        ({"scale": "7", "points": "not a list", "origin": None}, None),
        ({"unknown": True}, None),
    ],
)
def test_a_boolean_for_a_number_is_found_by_its_path(arguments: dict[str, Any], path: str | None) -> None:
    numbers = numbers_in(schema_of(Drawing))

    assert numbers is not None
    assert misplaced_boolean(arguments, numbers) == path


def test_a_schema_without_numbers_costs_nothing() -> None:
    assert numbers_in(schema_of(Words)) is None
