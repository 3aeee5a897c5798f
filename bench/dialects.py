"""What the load generator says to a server: headers, opening messages, the call, and a sign of its reply."""

import json
from dataclasses import dataclass, field
from typing import Any, Literal

FIRST_ID = 10_000_000
"""The id of the first call; the load generator counts up from it, always eight digits."""

CLIENT = {"name": "bench", "version": "1"}
HANDSHAKE = "2025-11-25"
STATELESS = "2026-07-28"
OPENING = (
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": HANDSHAKE, "capabilities": {}, "clientInfo": CLIENT},
    },
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
)
META = {
    "io.modelcontextprotocol/protocolVersion": STATELESS,
    "io.modelcontextprotocol/clientInfo": CLIENT,
    "io.modelcontextprotocol/clientCapabilities": {},
}
JSON_HEADERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


@dataclass(frozen=True, slots=True)
class Dialect:
    """One way to make a tools/call; `expect` is in every good reply and in no other."""

    protocol: Literal["ws", "http"]
    expect: str
    headers: dict[str, str] = field(default_factory=dict)
    opening: tuple[dict[str, Any], ...] = ()
    meta: dict[str, Any] | None = None

    def request(self, size: int) -> str:
        """Build the call with a text of so many bytes, as one line of JSON."""
        params: dict[str, Any] = {"name": "echo", "arguments": {"text": "x" * size}}
        if self.meta is not None:
            params["_meta"] = self.meta
        message = {"jsonrpc": "2.0", "id": FIRST_ID, "method": "tools/call", "params": params}
        return json.dumps(message, separators=(",", ":"))

    def header_lines(self, token: str) -> str:
        """Build the header lines, the token's included."""
        lines = self.headers | {"Authorization": f"Bearer {token}"}
        return "".join(f"{name}: {value}\r\n" for name, value in lines.items())


BARE_WEBSOCKET = Dialect("ws", '"method":')
BARE_POST = Dialect("http", '"method":', JSON_HEADERS)
MCP_WEBSOCKET = Dialect("ws", '"result":', opening=OPENING)
MCP_HANDSHAKE = Dialect(
    "http", '"result":', JSON_HEADERS | {"MCP-Protocol-Version": HANDSHAKE}, opening=OPENING
)
MCP_STATELESS = Dialect(
    "http",
    '"result":',
    JSON_HEADERS | {"MCP-Protocol-Version": STATELESS, "Mcp-Method": "tools/call", "Mcp-Name": "echo"},
    meta=META,
)
