"""The keys of `_meta` that MCP reserves (specification 2026-07-28, basic "_meta")."""

from typing import Any, Final

from app.protocol.errors import InvalidParams

PREFIX: Final = "io.modelcontextprotocol/"
PROTOCOL_VERSION: Final = PREFIX + "protocolVersion"
CLIENT_CAPABILITIES: Final = PREFIX + "clientCapabilities"
CLIENT_INFO: Final = PREFIX + "clientInfo"
SERVER_INFO: Final = PREFIX + "serverInfo"
LOG_LEVEL: Final = PREFIX + "logLevel"
SUBSCRIPTION_ID: Final = PREFIX + "subscriptionId"

TASKS: Final = PREFIX + "tasks"
"""The identifier of the Tasks extension, in the capabilities of both sides."""

NO_META: Final[dict[str, Any]] = {}
"""Stands for an absent `_meta`; nobody writes to it."""


def meta_of(params: dict[str, Any]) -> dict[str, Any]:
    """Return the `_meta` of a request.

    Raises:
        InvalidParams: it, or its progress token, is of the wrong type.
    """
    meta = params.get("_meta")
    if meta is None:
        return NO_META
    if type(meta) is not dict:
        raise InvalidParams("'_meta' must be an object.")
    token = meta.get("progressToken")
    if token is not None and type(token) is not str and type(token) is not int:
        raise InvalidParams("'progressToken' must be a string or an integer.")
    return meta
