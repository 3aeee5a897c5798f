"""The suite's resources, one of them a template."""

import base64

import orjson

from app.protocol.call import Call
from app.protocol.resources import Resource
from tests.conformance.fixture_server import content

Variables = dict[str, str]


async def _text(_call: Call, _uri: str, _variables: Variables) -> str:
    return "This is the content of the static text resource."


async def _binary(_call: Call, _uri: str, _variables: Variables) -> bytes:
    return base64.b64decode(content.PNG)


async def _watched(_call: Call, _uri: str, _variables: Variables) -> str:
    return "Watched resource content."


async def _template(_call: Call, _uri: str, variables: Variables) -> str:
    number = variables["id"]
    return orjson.dumps({"id": number, "templateTest": True, "data": f"Data for ID: {number}"}).decode()


def resources() -> list[Resource]:
    described = "Fixture of the official conformance suite."
    return [
        Resource("test://static-text", "static-text", "Text", described, "text/plain", _text),
        Resource("test://static-binary", "static-binary", "Image", described, "image/png", _binary),
        Resource("test://watched-resource", "watched-resource", "Watched", described, "text/plain", _watched),
        Resource("test://template/{id}/data", "template", "By id", described, "application/json", _template),
    ]
