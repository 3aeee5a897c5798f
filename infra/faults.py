"""What is wrong with a stack file, as sentences that name the full key and what is allowed."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

import pydantic

UNKNOWN = "extra_forbidden"
PLAIN = {"string_type": "a string in quotes"}
"""What may stand in a free mapping, where no field describes it."""
OWN_RULE = "value_error"
"""pydantic's name for what our own validators raise: their text is a sentence already."""


def sentences(
    error: pydantic.ValidationError, model: type[pydantic.BaseModel], namespace: str
) -> Iterator[str]:
    """Turn every fault pydantic found into one sentence.

    A fault that two branches of a type report (a number or nothing) is said once.
    """
    said = set()
    for fault in error.errors():
        path = [str(part) for part in fault["loc"]]
        sentence = _sentence(fault, path, model, namespace)
        if sentence not in said:
            said.add(sentence)
            yield sentence


def _sentence(
    fault: Mapping[str, Any], path: list[str], model: type[pydantic.BaseModel], namespace: str
) -> str:
    key = f"{namespace}:{'.'.join(path)}"
    if fault["type"] == OWN_RULE:
        return str(fault["ctx"]["error"]).replace("{here}", key)
    if fault["type"] == UNKNOWN:
        allowed = sorted(_fields(_owner(model, path[:-1])))
        near = difflib.get_close_matches(path[-1], allowed, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(allowed)}."
        return f"`{key}` is not a setting; {hint}"
    field = _fields(_owner(model, path[:-1])).get(path[-1])
    allowed_text = (
        field.description if field and field.description else PLAIN.get(fault["type"], fault["msg"])
    )
    return f"`{key}` is {fault['input']!r}, and must be {allowed_text}."


def _owner(model: type[pydantic.BaseModel], path: list[str]) -> type[pydantic.BaseModel] | None:
    """Follow the keys down to the model that holds the last one; None inside a free mapping."""
    owner: type[pydantic.BaseModel] | None = model
    for part in path:
        field = _fields(owner).get(part)
        annotation = field.annotation if field else None
        is_model = isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel)
        owner = annotation if is_model else None
    return owner


def _fields(model: type[pydantic.BaseModel] | None) -> dict[str, Any]:
    if model is None:
        return {}
    return {field.alias or name: field for name, field in model.model_fields.items()}
