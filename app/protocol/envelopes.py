"""JSON-RPC 2.0 envelopes as bytes, one JSON encoding a message.

Messages travel as `bytes` from here to the socket, so nothing is encoded twice.
"""

from typing import Any

import orjson

from app.protocol.errors import PARSE_ERROR, ProtocolError

RequestId = str | int
"""What MCP allows as an id; JSON-RPC's null and fractions are refused."""


def decode(data: bytes | str) -> Any:
    """Parse one frame or body.

    Raises:
        ProtocolError: with code -32700 when it is not JSON (NaN and broken UTF-8 included).
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise parse_error() from error


def parse_error() -> ProtocolError:
    """Build the error for something that is not JSON."""
    error = ProtocolError("This is not valid JSON; send one JSON-RPC 2.0 message.")
    error.code = PARSE_ERROR
    return error


def result(request_id: RequestId, value: Any) -> bytes:
    """Encode the successful reply to a request."""
    return orjson.dumps({"jsonrpc": "2.0", "id": request_id, "result": value})


def failure(request_id: RequestId | None, error: ProtocolError, *, null_id: bool = False) -> bytes:
    """Encode the error reply to a request.

    Where the request's id could not be read it is left out, as the schemas from 2025-11-25 on have
    it; `null_id` writes JSON-RPC's null instead, for the revisions before.
    """
    fault: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.data is not None:
        fault["data"] = error.data
    if request_id is None and not null_id:
        return orjson.dumps({"jsonrpc": "2.0", "error": fault})
    return orjson.dumps({"jsonrpc": "2.0", "id": request_id, "error": fault})


def id_of(message: Any) -> RequestId | None:
    """Return the id of something decoded, if it has one that may be echoed."""
    found = message.get("id") if type(message) is dict else None
    return found if type(found) is str or type(found) is int else None


def notification(method: str, params: dict[str, Any] | None = None) -> bytes:
    """Encode a notification."""
    message: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
    if params is not None:
        message["params"] = params
    return orjson.dumps(message)


def request(request_id: RequestId, method: str, params: dict[str, Any]) -> bytes:
    """Encode a request of ours to the client."""
    return orjson.dumps({"jsonrpc": "2.0", "id": request_id, "method": method, "params": params})
