"""One connection to our server that notes when the first words of an answer arrive."""

import json
import time
from dataclasses import dataclass
from typing import Any

import aiohttp

from bench.samples import NotAnsweredError

ANSWER_SECONDS = 60.0
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer: its text, and after how many seconds its first words came."""

    text: str
    first_seconds: float


class Client:
    """Calls `chat`, one call at a time."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._id = 0

    async def chat(self, prompt: str, words: str, **arguments: Any) -> Answered:
        """Ask; `words` begin the answer, by which its first piece is told from a stage.

        Raises:
            NotAnsweredError: there was no answer, or an error in its place.
        """
        self._id += 1
        params = {
            "name": "chat",
            "arguments": {"prompt": prompt, **arguments},
            "_meta": META | {"progressToken": self._id},
        }
        request = {"jsonrpc": "2.0", "id": self._id, "method": "tools/call", "params": params}
        began = time.perf_counter()
        await self._socket.send_str(json.dumps(request))
        first: float | None = None
        while True:
            frame = await self._socket.receive(timeout=ANSWER_SECONDS)
            if frame.type is not aiohttp.WSMsgType.TEXT:
                raise NotAnsweredError(f"this server closed the connection: {frame.data}")
            arrived = time.perf_counter() - began
            message = json.loads(frame.data)
            if message.get("id") == self._id:
                result = message.get("result", {"isError": True, "content": [{"text": frame.data}]})
                text = str(result["content"][0]["text"])
                if result["isError"]:
                    raise NotAnsweredError(f"this server answered with an error: {text}")
                return Answered(text, arrived if first is None else first)
            if first is None and message["params"].get("message", "").startswith(words):
                first = arrived
