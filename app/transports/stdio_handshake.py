"""What a session of the handshake era needs to go on over a new connection.

A WebSocket carries one session, so a new one must hear again what made the session: `initialize`,
`notifications/initialized`, the log level, the subscriptions. The stateless era needs none of this.
"""

import asyncio
import itertools
from typing import Any

import aiohttp
import orjson

from app.protocol import envelopes
from app.transports.stdio_link import Link, Refused, Unreachable

REPLAY_SECONDS = 10.0
"""How long the server may take to answer the repeated `initialize`."""

REMEMBERED_SUBSCRIPTIONS = 256
"""Subscriptions that outlive a connection; later ones end with it."""

OWN_ID = "exai-mcp-bridge-"
"""How the ids of repeated requests begin; their answers are not for the client."""

Message = dict[str, Any]


class Handshake:
    """Remembers what made the session as it passes and repeats it, the answers swallowed."""

    def __init__(self) -> None:
        self._initialize: Message | None = None
        self._initialized: bytes | None = None
        self._result: Message | None = None
        self._kept: dict[tuple[str, str], Message] = {}
        self._numbers = itertools.count(1)

    def passed(self, message: Any, line: bytes) -> None:
        """Note what the client's session is made of as it goes to the server."""
        if type(message) is not dict:
            return
        method, params = message.get("method"), message.get("params")
        if method == "notifications/initialized":
            self._initialized = line
        elif method == "initialize" and self._result is None and "id" in message:
            self._initialize = message
        elif method == "logging/setLevel":
            self._kept["level", ""] = message
        elif type(params) is dict and type(uri := params.get("uri")) is str:
            if method == "resources/subscribe" and len(self._kept) < REMEMBERED_SUBSCRIPTIONS:
                self._kept["subscription", uri] = message
            elif method == "resources/unsubscribe":
                self._kept.pop(("subscription", uri), None)

    def answered(self, message: Message) -> None:
        """Note what the server said to `initialize`; the first session it accepted is the one."""
        if self._result is None and type(result := message.get("result")) is dict:
            self._result = result

    def is_initialize(self, request_id: Any) -> bool:
        """Tell whether an id is that of an `initialize` which is still to be answered."""
        return self._result is None and self._initialize is not None and self._initialize["id"] == request_id

    async def replay(self, link: Link) -> list[str]:
        """Open the same session on a new connection; does nothing before there was one.

        Returns the lists (`tools`, `prompts`, `resources`) the client should fetch again, because the
        server is another one than before.

        Raises:
            Unreachable: the connection ended before the session was open.
            Refused: the server does not open this session any more.
        """
        if self._initialize is None or self._result is None:
            return []
        try:
            async with asyncio.timeout(REPLAY_SECONDS):
                asked = self._again(self._initialize)
                await link.send(orjson.dumps(asked))
                changed = self._compare(await _answer(link, asked["id"]))
                if self._initialized is not None:
                    await link.send(self._initialized)
                for message in self._kept.values():
                    await link.send(orjson.dumps(self._again(message)))
        except TimeoutError as error:
            raise Unreachable(f"the server did not open the session within {REPLAY_SECONDS:g} s") from error
        except ConnectionError as error:
            raise Unreachable("the server closed the new connection at once") from error
        return changed

    def _again(self, message: Message) -> Message:
        # Under an id of our own: the client's may be in use for something else by now.
        return {**message, "id": f"{OWN_ID}{next(self._numbers)}"}

    def _compare(self, answer: Message) -> list[str]:
        before, now = self._result or {}, answer.get("result")
        if type(now) is not dict:
            fault = answer.get("error")
            reason = fault.get("message") if type(fault) is dict else "no reason"
            # A server that starts or stops says so; it is asked again.
            raise Unreachable(f"the server did not open the session ({reason})")
        if now.get("protocolVersion") != before.get("protocolVersion"):
            raise Refused(
                f"The server now speaks MCP {now.get('protocolVersion')}, and this session agreed on "
                f"{before.get('protocolVersion')}: restart the client."
            )
        if now.get("serverInfo") == before.get("serverInfo"):
            return []
        capabilities = before.get("capabilities") or {}
        return [name for name, found in capabilities.items() if _announces(found)]


def is_own(request_id: Any) -> bool:
    """Tell whether an answer is to something repeated here, and so not for the client."""
    return type(request_id) is str and request_id.startswith(OWN_ID)


def _announces(capability: Any) -> bool:
    return type(capability) is dict and capability.get("listChanged") is True


async def _answer(link: Link, request_id: str) -> Message:
    while True:
        frame = await link.socket.receive()
        if frame.type is not aiohttp.WSMsgType.TEXT:
            raise Unreachable(f"the server closed the new connection ({link.end()})")
        message = envelopes.decode(frame.data)
        if type(message) is dict and message.get("id") == request_id and "method" not in message:
            return message
