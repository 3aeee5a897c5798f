"""What can go wrong in MCP, and the code each fault has on the wire.

    ProtocolError                      carries a code, a sentence and optional data
    ├── InvalidRequest      -32600     not a JSON-RPC 2.0 message, or one that is not allowed now
    ├── MethodNotFound      -32601     no such method in this revision
    ├── InvalidParams       -32602     parameters, tool, prompt, resource or cursor that do not fit
    ├── Busy                -31001     too many calls in flight; nothing was executed
    ├── Draining            -31002     the server is shutting down; nothing was executed
    └── Interrupted         -31003     the call was stopped while it ran

Only `Dispatcher` turns these into wire errors. Codes: JSON-RPC 2.0 section 5.1; MCP reserves
-32000 to -32099, so codes of our own lie outside -32768 to -32000 as the specification asks.
"""

from typing import Any

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
BUSY = -31001
DRAINING = -31002
INTERRUPTED = -31003


class ProtocolError(Exception):
    """A fault the peer is told about, with its code and one sentence."""

    code = INTERNAL_ERROR

    def __init__(self, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.message = message
        self.data = data


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
