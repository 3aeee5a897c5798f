"""What the server knows of one peer between its messages."""

import asyncio
import itertools
import secrets
from typing import Any

from app.protocol import envelopes
from app.protocol.call import Call
from app.protocol.channel import Channel
from app.protocol.envelopes import RequestId
from app.protocol.errors import ProtocolError
from app.protocol.logs import DEFAULT_LEVEL
from app.protocol.revisions import Revision

ANSWER_SECONDS = 600.0
"""How long a client, and the person before it, may take to answer a request of ours."""

_numbers = itertools.count(1)
_ID_BYTES = 6


class Session:
    """The state of one connection or one HTTP session, owned by one principal.

    `revision` is None until `initialize` has been answered, and stays None where requests stand
    alone; `stateless` says that they must. `calls` are the requests that have to wait for something, by
    id; a session holds at most as many as its dispatcher allows. `beginning` is the one whose first step
    is running, if any. `asked` are our own requests to the client. `id` names the session among replicas;
    it is empty for a connection, which only one of them has.
    """

    __slots__ = (
        "asked",
        "beginning",
        "calls",
        "client",
        "client_capabilities",
        "id",
        "log_level",
        "principal",
        "revision",
        "stateless",
        "subscriptions",
    )

    def __init__(self, principal: str, *, stateless: bool = False) -> None:
        self.principal = principal
        self.stateless = stateless
        self.id = ""
        self.revision: Revision | None = None
        self.client: dict[str, Any] = {}
        self.client_capabilities: dict[str, Any] = {}
        self.log_level = DEFAULT_LEVEL
        self.calls: dict[RequestId, Call] = {}
        self.beginning: Call | None = None
        self.asked: dict[RequestId, asyncio.Future[dict[str, Any]]] = {}
        self.subscriptions: set[str] = set()

    @property
    def in_flight(self) -> int:
        """How many requests are being served."""
        return len(self.calls) + (self.beginning is not None)

    async def request(self, channel: Channel, method: str, params: dict[str, Any]) -> Any:
        """Send the client a request on a channel and return its result.

        Raises:
            ProtocolError: it answered with an error, or not in time.
        """
        # Unguessable, because the answer may arrive at any replica and is offered to all of them.
        request_id = f"exai-{next(_numbers)}-{secrets.token_hex(_ID_BYTES)}"
        waiting = self.asked[request_id] = asyncio.get_running_loop().create_future()
        try:
            await channel.send(envelopes.request(request_id, method, params))
            async with asyncio.timeout(ANSWER_SECONDS):
                message = await waiting
        except TimeoutError:
            raise ProtocolError(f"The client did not answer {method} in time.") from None
        finally:
            self.asked.pop(request_id, None)
        if "result" not in message:
            raise ProtocolError(f"The client answered {method} with an error.")
        return message["result"]

    def answered(self, message: dict[str, Any]) -> None:
        """Hand a response of the client to whoever asked; one nobody waits for is ignored."""
        waiting = self.asked.pop(message["id"], None)
        if waiting is not None and not waiting.done():
            waiting.set_result(message)

    def stop(self, reason: str) -> None:
        """Stop what is still running, and answer it with a reason, the rest of a sentence."""
        for call in list(self.calls.values()):
            call.stop(reason)

    def abandon(self) -> None:
        """Stop what is still running, because nobody is left to be answered."""
        for call in list(self.calls.values()):
            call.cancel(by_client=False)
