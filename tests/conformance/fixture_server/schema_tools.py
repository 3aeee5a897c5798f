"""Tools whose schemas say something special."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from app.protocol.tools import Call, Tool, ToolResult
from tests.conformance.fixture_server import content

LITERAL: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}
"""Every keyword that the suite wants to find again as it was written (SEP-1613, SEP-2106)."""


class Anything(BaseModel):
    model_config = ConfigDict(extra="allow")


class Region(BaseModel):
    region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})]
    query: str = ""


async def _mirrored(_call: Call, arguments: Region) -> ToolResult:
    return content.said(f"region {arguments.region}")


async def _literal(_call: Call, _arguments: Anything) -> ToolResult:
    return content.said("The schema is what matters here.")


def tools() -> list[Tool[Any]]:
    mirrored = "Repeats its region in a header (SEP-2243)."
    literal = "Tool with JSON Schema 2020-12 features"
    return [
        Tool("test_x_mcp_header", "Mirrored argument", mirrored, Region, _mirrored),
        Tool("json_schema_2020_12_tool", "Literal schema", literal, Anything, _literal, input_schema=LITERAL),
    ]
