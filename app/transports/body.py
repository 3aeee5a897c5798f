"""Reads a request's body within a size and a time."""

import asyncio

from aiohttp import web

BODY_SECONDS = 15.0
"""How long a client may take to send its body; aiohttp itself would wait for ever."""


class BodyRefused(Exception):  # noqa: N818 - a verdict on the request, not a defect
    """The body is too large (413) or came too slowly (408); `status` and the sentence say which."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


async def read_body(request: web.Request, max_bytes: int, seconds: float = BODY_SECONDS) -> bytes:
    """Return the whole body, counted after any decompression.

    Raises:
        BodyRefused: it is larger than `max_bytes` or took longer than `seconds`.
    """
    content = request.content
    length = request.content_length
    if length is not None and length > max_bytes:
        raise _too_large(max_bytes)
    if content.is_eof():
        # The usual case: a small body came in with its headers.
        body = content.read_nowait() if not content.at_eof() else b""
        if len(body) > max_bytes:
            raise _too_large(max_bytes)
        return body
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(seconds):
            while part := await content.readany():
                parts.append(part)
                size += len(part)
                if size > max_bytes:
                    raise _too_large(max_bytes)
    except TimeoutError:
        raise BodyRefused(408, f"The body took longer than {seconds:g} s; send it faster.") from None
    return b"".join(parts)


def _too_large(max_bytes: int) -> BodyRefused:
    return BodyRefused(413, f"The body is larger than the {max_bytes} bytes this server takes.")
