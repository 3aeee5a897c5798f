"""Tools whose schemas say something special."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from app.protocol.tools import Call, Tool, ToolResult
from tests.conformance.fixture_server import content


class Region(BaseModel):
    region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})]
    query: str = ""


async def _mirrored(_call: Call, arguments: Region) -> ToolResult:
    return content.said(f"region {arguments.region}")


def tools() -> list[Tool[Any]]:
    described = "Repeats its region in a header (SEP-2243)."
    return [Tool("test_x_mcp_header", "Mirrored argument", described, Region, _mirrored)]
