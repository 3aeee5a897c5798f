"""What the server knows of one peer between its messages."""

from typing import Any

from app.protocol.call import Call
from app.protocol.envelopes import RequestId
from app.protocol.revisions import Revision


class Session:
    """The state of one connection or one HTTP session, owned by one principal.

    `revision` is None until `initialize` has been answered. `calls` are the requests in flight, by
    id; a session holds at most as many as its dispatcher allows.
    """

    __slots__ = ("calls", "client", "client_capabilities", "principal", "revision")

    def __init__(self, principal: str) -> None:
        self.principal = principal
        self.revision: Revision | None = None
        self.client: dict[str, Any] = {}
        self.client_capabilities: dict[str, Any] = {}
        self.calls: dict[RequestId, Call] = {}

    def stop(self, reason: str) -> None:
        """Stop what is still running, and answer it with a reason, the rest of a sentence."""
        for call in list(self.calls.values()):
            call.stop(reason)

    def abandon(self) -> None:
        """Stop what is still running, because nobody is left to be answered."""
        for call in list(self.calls.values()):
            call.cancel(by_client=False)
