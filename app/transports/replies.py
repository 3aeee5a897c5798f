"""A JSON reply in one write: what nearly every request of this server is answered with."""

import time
from email.utils import formatdate
from typing import Final

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.web_request import BaseRequest

JSON: Final = "application/json"

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\nDate: %b\r\n\r\n"


class JsonReply(web.Response):
    """A 200 of JSON with no headers of its own, on a connection that stays open.

    Half of what aiohttp's response costs goes into headers that are the same every time. Where something
    is unusual (HTTP/1.0, a connection that closes) it is written as any other response is. Signals of
    `on_response_prepare` are not sent.
    """

    def __init__(self, body: bytes) -> None:
        super().__init__(body=body, content_type=JSON)
        self._reply = body
        self._writer: AbstractStreamWriter | None = None

    @property
    def keep_alive(self) -> bool | None:
        """Tell whether the connection is kept."""
        return super().keep_alive if self._writer is None else True

    async def prepare(self, request: BaseRequest) -> AbstractStreamWriter | None:
        """Take the way out of the request, if the response may be written in one piece."""
        if self._writer is None and (request.version != HttpVersion11 or not request.keep_alive):
            return await super().prepare(request)
        self._writer = request.writer
        return self._writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Write head and body together."""
        writer = self._writer
        if writer is None:
            await super().write_eof(data)
            return
        await writer.write_eof(_HEAD % (len(self._reply), _date()) + self._reply)


_dated: tuple[int, bytes] = (0, b"")


def _date() -> bytes:
    """Return the Date header's value (RFC 9110, 5.6.7), made once a second."""
    global _dated
    now = int(time.time())
    if now != _dated[0]:
        _dated = (now, formatdate(now, usegmt=True).encode())
    return _dated[1]
