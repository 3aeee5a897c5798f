"""What a refused HTTP request is told: a status and one sentence as JSON."""

import orjson
from aiohttp import web


def refuse(status: int, sentence: str, headers: dict[str, str] | None = None) -> web.Response:
    """Build the answer `{"error": "<what, why, what to do>"}`."""
    return leaving(
        web.Response(
            status=status,
            body=orjson.dumps({"error": sentence}),
            content_type="application/json",
            headers=headers,
        )
    )


def leaving(response: web.Response) -> web.Response:
    """End the connection after a 503: what comes next then goes elsewhere, not into a closing socket."""
    if response.status == 503:
        response.force_close()
    return response
