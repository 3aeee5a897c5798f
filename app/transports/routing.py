"""The headers that mirror a stateless request's body, so that proxies can route without parsing it.

Header and body must agree, or two readers would act on two different requests.
Source: specification 2026-07-28, basic/transports/streamable-http "Request Metadata".
"""

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Any

from multidict import CIMultiDictProxy, istr

from app.protocol.errors import HeaderMismatch
from app.protocol.metadata import PROTOCOL_VERSION
from app.protocol.tool_table import Mirror

# `istr` is looked up without being lowered first.
VERSION_HEADER = istr("MCP-Protocol-Version")
METHOD_HEADER = istr("Mcp-Method")
NAME_HEADER = istr("Mcp-Name")
PARAMETER_PREFIX = "Mcp-Param-"

NAMED = {
    "tools/call": "name",
    "prompts/get": "name",
    "resources/read": "uri",
    "tasks/get": "taskId",
    "tasks/update": "taskId",
    "tasks/cancel": "taskId",
}
"""The parameter each method repeats in `Mcp-Name`."""

_ENCODED = re.compile(r"=\?base64\?(.*)\?=")
_VISIBLE = re.compile(r"[\t\x20-\x7e]*")
_DECIMAL = re.compile(r"(-?[0-9]+)(?:\.0+)?")

_PLAIN = re.compile(r"[A-Za-z0-9_.:/-]+")
_NONE: list[str] = []

Headers = CIMultiDictProxy[str]


def check_headers(headers: Headers, message: dict[str, Any], mirrors: Sequence[Mirror]) -> None:
    """Compare the mirroring headers of a request with its body.

    `mirrors` are the parameters the called tool wants mirrored.

    Raises:
        HeaderMismatch: one is missing, doubled, malformed, or says something else than the body.
    """
    method, params = message.get("method"), message.get("params")
    params = params if isinstance(params, dict) else {}
    meta = params.get("_meta")
    version = meta.get(PROTOCOL_VERSION) if isinstance(meta, dict) else None
    if not mirrors and _plainly_agree(headers, version, method, params):
        return
    named = _one(headers, VERSION_HEADER)
    # Without a version in the body the request is refused for that; the header alone names one.
    if named is None or (version is not None and named != version):
        raise HeaderMismatch(f"{VERSION_HEADER} must equal the version in the request's '_meta'.")
    if _one(headers, METHOD_HEADER) != method:
        raise HeaderMismatch(f"{METHOD_HEADER} must equal the request's method.")
    key = NAMED.get(method) if isinstance(method, str) else None
    if key is not None and params.get(key) is not None and _decoded(headers, NAME_HEADER) != params[key]:
        raise HeaderMismatch(f"{NAME_HEADER} must equal the request's '{key}'.")
    if mirrors:
        arguments = params.get("arguments")
        for mirror in mirrors:
            _check_parameter(headers, mirror, arguments if isinstance(arguments, dict) else {})


def _plainly_agree(headers: Headers, version: Any, method: Any, params: dict[str, Any]) -> bool:
    """Tell whether the usual headers are there once each, unencoded and equal; no says nothing yet."""
    if headers.getall(VERSION_HEADER, _NONE) != [version] or headers.getall(METHOD_HEADER, _NONE) != [method]:
        return False
    key = NAMED.get(method) if isinstance(method, str) else None
    if key is None:
        return True
    name = params.get(key)
    return (
        isinstance(name, str)
        and headers.getall(NAME_HEADER, _NONE) == [name]
        and _PLAIN.fullmatch(name) is not None
    )


def _check_parameter(headers: Headers, mirror: Mirror, arguments: dict[str, Any]) -> None:
    value: Any = arguments
    for step in mirror.path:
        value = value.get(step) if isinstance(value, dict) else None
    name = PARAMETER_PREFIX + mirror.header
    told = _decoded(headers, name)
    if (told is None) != (value is None) or (told is not None and not _same(value, told, mirror.kind)):
        raise HeaderMismatch(f"{name} must equal the argument '{'.'.join(mirror.path)}'.")


def _same(value: Any, told: str, kind: str) -> bool:
    if isinstance(value, bool):
        return told == ("true" if value else "false")
    if kind == "integer" and isinstance(value, int | float):
        match = _DECIMAL.fullmatch(told)
        return match is not None and len(told) < 32 and int(match[1]) == value
    return isinstance(value, str | int | float) and told == str(value)


def _one(headers: Headers, name: str) -> str | None:
    values = headers.getall(name, [])
    if len(values) > 1:
        raise HeaderMismatch(f"{name} must be sent once.")
    return values[0].strip() if values else None


def _decoded(headers: Headers, name: str) -> str | None:
    value = _one(headers, name)
    if value is None:
        return None
    if _VISIBLE.fullmatch(value) is None:
        raise HeaderMismatch(f"{name} holds characters that must be encoded as =?base64?…?=.")
    match = _ENCODED.fullmatch(value)
    if match is None:
        return value
    try:
        raw = base64.b64decode(match[1], validate=True)
        text = raw.decode()
    except (binascii.Error, UnicodeDecodeError):
        raise HeaderMismatch(f"{name} is not valid =?base64?…?=.") from None
    if base64.b64encode(raw).decode() != match[1]:
        raise HeaderMismatch(f"{name} is not valid =?base64?…?=.")
    return text
