"""What can go wrong in MCP, and the code each fault has on the wire.

    ProtocolError                      carries a code, a sentence and optional data
    ├── InvalidRequest      -32600     not a JSON-RPC 2.0 message, or one that is not allowed now
    ├── MethodNotFound      -32601     no such method in this revision
    ├── InvalidParams       -32602     parameters, tool, prompt, resource or cursor that do not fit
    ├── HeaderMismatch      -32020     the HTTP headers and the body disagree
    ├── MissingCapability   -32021     the client has not declared what the request needs
    ├── UnsupportedProtocolVersion     -32022, with the list of those supported
    ├── Busy                -31001     too many calls in flight; nothing was executed
    ├── Draining            -31002     the server is shutting down; nothing was executed
    └── Interrupted         -31003     the call was stopped while it ran

Only `Dispatcher` turns these into wire errors. Codes: JSON-RPC 2.0 section 5.1; MCP reserves
-32000 to -32099, so codes of our own lie outside -32768 to -32000 as the specification asks.
"""

from typing import Any

PARSE_ERROR = -32700
"""A frame or a body that is no JSON: mend the client."""
INVALID_REQUEST = -32600
"""No JSON-RPC 2.0 message, or one that is not allowed at this moment; the message says which and why."""
METHOD_NOT_FOUND = -32601
"""No such method in the revision that is spoken."""
INVALID_PARAMS = -32602
"""Parameters that do not fit, or an unknown tool, prompt, resource or cursor; the message names it."""
INTERNAL_ERROR = -32603
"""An error that nobody foresaw; its traceback is in the server's log."""
HEADER_MISMATCH = -32020
"""The HTTP headers that mirror the body disagree with it, or are missing: mend the client."""
MISSING_CAPABILITY = -32021
"""The request needs a capability that its client has not declared; `data` lists it."""
UNSUPPORTED_PROTOCOL_VERSION = -32022
"""A revision that is not spoken without a handshake; `data` lists those that are."""
BUSY = -31001
"""Too many calls in flight, or a client's rate is used up. Nothing was executed: send it again later."""
DRAINING = -31002
"""The server is shutting down. Nothing was executed: send it again, another replica takes it."""
INTERRUPTED = -31003
"""The server stopped the call while it ran; it may have had effects. A model's answer is kept as a job."""


class ProtocolError(Exception):
    """A fault the peer is told about, with its code and one sentence."""

    code = INTERNAL_ERROR

    def __init__(self, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.message = message
        self.data = data
        self.request_id: str | int | None = None
        """The id of the message at fault, where it could be read before the message was dispatched."""


class InvalidRequest(ProtocolError):  # noqa: N818 - JSON-RPC's own name for it
    """The message is not a JSON-RPC 2.0 request, or is not allowed at this moment."""

    code = INVALID_REQUEST


class MethodNotFound(ProtocolError):  # noqa: N818 - JSON-RPC's own name for it
    """The method does not exist in the revision spoken."""

    code = METHOD_NOT_FOUND


class InvalidParams(ProtocolError):  # noqa: N818 - JSON-RPC's own name for it
    """The parameters do not fit the method, or name something that does not exist."""

    code = INVALID_PARAMS


class Busy(ProtocolError):  # noqa: N818 - a state, not a defect
    """The session has too many calls in flight; nothing was executed."""

    code = BUSY


class Draining(ProtocolError):  # noqa: N818 - a state, not a defect
    """The server is shutting down; nothing was executed."""

    code = DRAINING


class Interrupted(ProtocolError):  # noqa: N818 - a state, not a defect
    """The server stopped the call while it ran; it may have had effects."""

    code = INTERRUPTED


class HeaderMismatch(ProtocolError):  # noqa: N818 - the specification's name for it
    """The HTTP headers that mirror the body disagree with it, or are missing."""

    code = HEADER_MISMATCH


class MissingCapability(ProtocolError):  # noqa: N818 - the specification's name for it
    """The request needs a capability its client has not declared."""

    code = MISSING_CAPABILITY

    def __init__(self, required: dict[str, Any]) -> None:
        names = ", ".join(required.get("extensions", required))
        super().__init__(f"The client must declare {names} for this.", {"requiredCapabilities": required})


class UnsupportedProtocolVersion(ProtocolError):  # noqa: N818 - the specification's name for it
    """The request names a revision this server does not speak without a handshake."""

    code = UNSUPPORTED_PROTOCOL_VERSION

    def __init__(self, requested: str, supported: list[str]) -> None:
        super().__init__(
            f"Revision {requested!r:.40} is not spoken here.",
            {"supported": supported, "requested": requested},
        )
