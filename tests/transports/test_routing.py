"""Arguments mirrored in headers: each agrees with the body, or the request is refused."""

import base64
from typing import Any

import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from pydantic import BaseModel, Field

from app.protocol.errors import HeaderMismatch
from app.protocol.tool_table import ToolTable
from app.protocol.tools import Call, Tool, ToolResult
from app.transports.routing import check_headers


class Where(BaseModel):
    zone: str | None = Field(default=None, json_schema_extra={"x-mcp-header": "Zone", "type": "string"})


class Query(BaseModel):
    region: str = Field(json_schema_extra={"x-mcp-header": "Region"})
    limit: int = Field(default=1, json_schema_extra={"x-mcp-header": "Limit"})
    dry: bool = Field(default=False, json_schema_extra={"x-mcp-header": "Dry"})
    where: Where = Where()
    plain: str = ""


async def _query(_call: Call, _arguments: Query) -> ToolResult:
    return ToolResult([])


MIRRORS = ToolTable([Tool("query", "Query", "Queries.", Query, _query)]).mirrors("query")
BASE = [("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", "tools/call"), ("Mcp-Name", "query")]


def encoded(value: str) -> str:
    return f"=?base64?{base64.b64encode(value.encode()).decode()}?="


def check(arguments: Any, *sent: tuple[str, str]) -> None:
    message = {
        "method": "tools/call",
        "params": {
            "name": "query",
            "arguments": arguments,
            "_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"},
        },
    }
    headers = CIMultiDictProxy(CIMultiDict([*BASE, *((f"Mcp-Param-{name}", value) for name, value in sent)]))
    check_headers(headers, message, MIRRORS)


def test_annotated_arguments_are_found_wherever_plain_properties_lead() -> None:
    assert [(mirror.path, mirror.header, mirror.kind) for mirror in MIRRORS] == [
        (("region",), "Region", "string"),
        (("limit",), "Limit", "integer"),
        (("dry",), "Dry", "boolean"),
        (("where", "zone"), "Zone", "string"),
    ]


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        ({"region": "eu"}, [("Region", "eu")]),
        ({"region": "eu", "limit": None, "where": {"zone": None}}, [("Region", "eu")]),
        ({"region": "世界"}, [("Region", encoded("世界"))]),
        ({"region": " padded "}, [("Region", encoded(" padded "))]),
        ({"region": "=?base64?x?="}, [("Region", encoded("=?base64?x?="))]),
        ({"region": "eu", "limit": 42}, [("Region", "eu"), ("Limit", "42")]),
        ({"region": "eu", "limit": 42}, [("Region", "eu"), ("Limit", "42.0")]),
        ({"region": "eu", "limit": -7}, [("REGION", "eu"), ("limit", "-7")]),
        ({"region": "eu", "dry": True}, [("Region", "eu"), ("Dry", "true")]),
        ({"region": "eu", "where": {"zone": "b"}}, [("Region", "eu"), ("Zone", "b")]),
        ({"region": "eu"}, [("Region", "eu"), ("Unknown", "ignored")]),
    ],
)
def test_what_agrees_is_let_through(arguments: Any, sent: list[tuple[str, str]]) -> None:
    check(arguments, *sent)


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        ({"region": "eu"}, []),
        ({"region": "eu"}, [("Region", "us")]),
        ({"region": "eu"}, [("Region", "EU")]),
        ({"region": "eu"}, [("Region", "eu"), ("Region", "eu")]),
        ({"region": "eu"}, [("Region", "eu"), ("Limit", "1")]),
        ({}, [("Region", "eu")]),
        (None, [("Region", "eu")]),
        ({"region": "世界"}, [("Region", "世界")]),
        ({"region": "eu"}, [("Region", "=?base64?%%%?=")]),
        ({"region": "eu"}, [("Region", "=?base64?ZXV=?=")]),
        ({"region": "eu", "limit": 42}, [("Region", "eu"), ("Limit", "42.5")]),
        ({"region": "eu", "limit": 42}, [("Region", "eu"), ("Limit", "4.2e1")]),
        ({"region": "eu", "dry": True}, [("Region", "eu"), ("Dry", "True")]),
        ({"region": "eu", "dry": True}, [("Region", "eu"), ("Dry", "1")]),
        ({"region": ["eu"]}, [("Region", "['eu']")]),
    ],
)
def test_what_disagrees_is_refused(arguments: Any, sent: list[tuple[str, str]]) -> None:
    with pytest.raises(HeaderMismatch):
        check(arguments, *sent)
