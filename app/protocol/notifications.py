"""What clients tell us without waiting for an answer."""

from typing import Any

from app.protocol.errors import InvalidRequest
from app.protocol.session import Session


def take(session: Session, message: dict[str, Any], method: Any, params: Any) -> None:
    """Take note; the only notification that changes anything is a cancellation.

    Raises:
        InvalidRequest: it is no JSON-RPC 2.0 message.
    """
    if message.get("jsonrpc") != "2.0" or type(method) is not str or type(params) is not dict:
        raise InvalidRequest("This is not a JSON-RPC 2.0 message.")
    if method == "notifications/cancelled":
        request_id = params.get("requestId")
        call = session.calls.get(request_id) if isinstance(request_id, (str, int)) else None
        # An unknown id is ignored: the call may have been answered a moment ago.
        if call is not None:
            call.cancel(by_client=True)
