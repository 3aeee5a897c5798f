"""The keys of `_meta` that MCP reserves (specification 2026-07-28, basic "_meta")."""

from typing import Any, Final

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
