"""How an answer goes wrong on its way, at the place and in the way a script says."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from demo import chunks
from demo.bill import Row
from demo.chunks import Piece
from demo.faults import Script

FOREVER = 3600.0
HUGE_BYTES = 10 * 1024 * 1024
LONG_LINE_BYTES = 32 * 1024 * 1024
BLOCK_BYTES = 64 * 1024

BEFORE_STREAM = {"reset", "truncated-json", "wrong-type"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where in an answer we are: before which piece, and whether that is its middle."""

    row: Row
    piece: Piece
    number: int
    middle: bool


async def instead_of_a_stream(request: web.Request, script: Script, row: Row) -> web.Response:
    """Answer with 200 and no stream, or not at all."""
    row.state = "failed"
    if "reset" in script.faults:
        _reset(request)
        await asyncio.sleep(FOREVER)
    if "wrong-type" in script.faults:
        page = "<html><body>Welcome to our network</body></html>"
        return web.Response(text=page, content_type="text/html")
    return web.Response(text='{"id": "demo", "choices": [{"mess', content_type="application/json")


async def at(place: Place, script: Script, request: web.Request, response: web.StreamResponse) -> bool:
    """Do what the script wants done before this piece; True when the answer ends here."""
    faults, line = script.faults, f"data: {place.piece.data}\n\n".encode()
    if "comments" in faults:
        await response.write(b": keep-alive\n\n")
    if "drip" in faults:
        for byte in b": drip\n\n":
            await response.write(bytes((byte,)))
    if place.number == 0 and "error-first" in faults:
        await response.write(_error(place.row.vendor))
        place.row.state = "refused"  # before a token was generated
        return True
    if place.number == 1:
        await _flood(place.row, faults, response)
    return place.middle and await _in_the_middle(place.row, faults, line, request, response)


async def _flood(row: Row, faults: frozenset[str], response: web.StreamResponse) -> None:
    if "huge" in faults:
        filler = f"data: {chunks.chunk(row, {'content': 'x' * 1024})}\n\n".encode()
        for _ in range(HUGE_BYTES // 1024):
            await response.write(filler)
    if "long-line" in faults:
        for _ in range(LONG_LINE_BYTES // BLOCK_BYTES):
            await response.write(b"x" * BLOCK_BYTES)


async def _in_the_middle(
    row: Row, faults: frozenset[str], line: bytes, request: web.Request, response: web.StreamResponse
) -> bool:
    if "silence-mid" in faults:
        await asyncio.sleep(FOREVER)
    ends = {
        "bad-chunk": b'data: {"choices": [{"del\n\n',
        "strange-chunk": b'data: {"choices": "none", "usage": []}\n\n',
        "error-in-stream": _error(row.vendor),
        "cut": line[: len(line) // 2],
        "cut-clean": b"",
    }
    for name in faults & ends.keys():
        row.state = "failed"
        await response.write(ends[name])
        if name == "cut":
            await asyncio.sleep(0)  # lets the half leave first
            _reset(request)
        return True
    return False


def _error(vendor: str) -> bytes:
    inner: dict[str, Any] = {
        "message": "The engine is currently overloaded",
        "type": "engine_overloaded_error",
    }
    if vendor == "glm":
        inner = {"code": "1234", "message": "Network error, error id: 7"}
    return f"data: {json.dumps({'error': inner})}\n\n".encode()


def _reset(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
