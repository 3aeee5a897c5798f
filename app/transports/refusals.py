"""What a refused HTTP request is told: a status and one sentence as JSON."""

import orjson
from aiohttp import web


def refuse(status: int, sentence: str, headers: dict[str, str] | None = None) -> web.Response:
    """Build the answer `{"error": "<what, why, what to do>"}`."""
    return web.Response(
        status=status,
        body=orjson.dumps({"error": sentence}),
        content_type="application/json",
        headers=headers,
    )
