"""JSON Schemas of pydantic models as models understand them best, and faults in plain words."""

from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode

MAX_FAULTS = 3
"""How many faults one sentence names; the rest waits for the next attempt."""


class _Terse(GenerateJsonSchema):
    """Leaves out the titles pydantic derives from names: they cost tokens and say nothing."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
        return False


def schema_of(model: type[BaseModel], mode: JsonSchemaMode = "validation") -> dict[str, Any]:
    """Build the JSON Schema (2020-12) of a model, without `$defs` unless it refers to itself."""
    schema = model.model_json_schema(schema_generator=_Terse, mode=mode)
    definitions = schema.pop("$defs", {})
    schema = _inline(schema, definitions, ())
    if definitions and "#/$defs/" in str(schema):
        schema["$defs"] = {name: _untitled(value) for name, value in definitions.items()}
    schema.setdefault("properties", {})
    return _untitled(schema)


def terse(schema: dict[str, Any]) -> None:
    """Shorten an object's schema, as `json_schema_extra` of its model: each list of tools costs its readers.

    What must be there comes first. What may be left out is listed as what it is when it is there; that null
    is taken too need not be said.
    """
    schema.pop("description", None)
    required = schema.get("required", ())
    properties = schema.get("properties", {})
    schema["properties"] = dict(sorted(properties.items(), key=lambda item: item[0] not in required))
    for part in properties.values():
        choices = [choice for choice in part.get("anyOf", ()) if choice != {"type": "null"}]
        if len(choices) == 1:
            del part["anyOf"]
            part |= choices[0]
        if part.get("default", ...) in (None, "", False):
            del part["default"]


def faults(error: ValidationError) -> str:
    """Name each wrong field and what is wrong with it, without quoting what was sent."""
    found = [f"'{'.'.join(map(str, e['loc'])) or 'arguments'}': {e['msg']}" for e in error.errors(
        include_url=False, include_context=False, include_input=False
    )]  # fmt: skip
    more = f"; and {len(found) - MAX_FAULTS} more" if len(found) > MAX_FAULTS else ""
    return "; ".join(found[:MAX_FAULTS]) + more


def _inline(node: Any, definitions: dict[str, Any], inside: tuple[str, ...]) -> Any:
    if isinstance(node, list):
        return [_inline(item, definitions, inside) for item in node]
    if not isinstance(node, dict):
        return node
    name = str(node.get("$ref", "")).removeprefix("#/$defs/")
    if name in definitions and name not in inside:
        beside = {key: value for key, value in node.items() if key != "$ref"}
        target = _inline(_untitled(definitions[name]), definitions, (*inside, name))
        return target | _inline(beside, definitions, inside)
    return {key: _inline(value, definitions, inside) for key, value in node.items()}


def _untitled(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key != "title"}
