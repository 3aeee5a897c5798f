"""A client of one MCP server over WebSocket, as small as one can be (revision 2026-07-28)."""

import json
from collections.abc import Callable
from typing import Any

import aiohttp

STATELESS = "2026-07-28"
ANSWER_SECONDS = 120.0

Heard = Callable[[str], None]


class Client:
    """Calls tools; `heard` is told what progress says."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, heard: Heard) -> None:
        self._socket = socket
        self._heard = heard
        self._id = 0

    async def call(self, tool: str, /, **arguments: Any) -> dict[str, Any]:
        """Call a tool and return its result.

        Raises:
            RuntimeError: the server answered with a protocol error, or not at all.
        """
        self._id += 1
        meta = {
            "io.modelcontextprotocol/protocolVersion": STATELESS,
            "io.modelcontextprotocol/clientCapabilities": {},
            "progressToken": self._id,
        }
        params = {"name": tool, "arguments": arguments, "_meta": meta}
        request = {"jsonrpc": "2.0", "id": self._id, "method": "tools/call", "params": params}
        await self._socket.send_json(request)
        while True:
            frame = await self._socket.receive(timeout=ANSWER_SECONDS)
            if frame.type is not aiohttp.WSMsgType.TEXT:
                raise RuntimeError(f"The server closed the connection ({frame.data}): see its log above.")
            message = json.loads(frame.data)
            if message.get("id") == self._id:
                if "error" in message:
                    raise RuntimeError(f"{tool} was refused: {message['error']['message']}")
                result: dict[str, Any] = message["result"]
                return result
            if message.get("method") == "notifications/progress":
                self._heard(message["params"].get("message", ""))
