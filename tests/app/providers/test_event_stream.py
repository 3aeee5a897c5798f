"""The reader of server-sent events, judged by httpx-sse: the same data however a stream is cut."""

import asyncio
import random
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import aiohttp
import httpx
import pytest
from aiohttp.base_protocol import BaseProtocol
from httpx_sse import EventSource

from app.providers import event_stream
from app.providers.event_stream import EventReader, TooLongEventError

FIELDS = [
    "data: {}", "data:{}", "data:  {}", "data: ", "data", ": {}", "event: {}", "id: {}", "retry: 7",
    "other: {}", "data: {}\ndata: {}", ": ping\ndata: {}", "data: {}\nevent: x", "nonsense {}",
]  # fmt: skip
TEXTS = ['{"a": "b"}', "[DONE]", "one\u2028two\u2029three\x85four\x0bfive", "中文 👩‍👧", ": colon", " ", ""]


class _Pieces(httpx.AsyncByteStream):
    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


async def by_httpx_sse(pieces: list[bytes]) -> list[str]:
    headers = {"content-type": "text/event-stream"}
    response = httpx.Response(200, headers=headers, stream=_Pieces(pieces))
    return [event.data async for event in EventSource(response).aiter_sse() if event.data]


def by_ours(pieces: list[bytes]) -> list[str]:
    reader = EventReader()
    return [data.decode() for piece in pieces for data in reader.feed(piece) if data]


def streams(seed: int) -> tuple[str, list[bytes]]:
    source = random.Random(seed)  # noqa: S311 - repeatable, no secret
    events = [
        source.choice(FIELDS).replace("{}", source.choice(TEXTS)) for _ in range(source.randrange(1, 12))
    ]
    text = "".join(f"{event}\n{chr(10) * source.randrange(0, 3)}" for event in events)
    if source.random() < 0.3:
        text = text.replace("\n", "\r\n")
    content = text.encode()
    cuts = sorted(source.randrange(len(content) + 1) for _ in range(source.randrange(0, 20)))
    pieces = [content[a:b] for a, b in zip([0, *cuts], [*cuts, len(content)], strict=True)]
    return text, [piece for piece in pieces if piece]


@pytest.mark.parametrize("block", range(10))
async def test_it_reads_what_httpx_sse_reads_however_the_stream_is_cut(block: int) -> None:
    for seed in range(block * 200, block * 200 + 200):
        text, pieces = streams(seed)

        assert by_ours(pieces) == await by_httpx_sse(pieces), (text, pieces)


def test_an_event_that_is_not_ended_is_none() -> None:
    assert by_ours([b"data: one\n\ndata: tw"]) == ["one"]


def test_an_event_past_its_bound_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "MOST_EVENT_BYTES", 1000)
    reader = EventReader()
    assert [reader.feed(b"x" * 500) for _ in range(2)] == [[], []]
    with pytest.raises(TooLongEventError):
        reader.feed(b"x")


async def test_what_had_come_when_a_stream_broke_off_is_read_before_it_is_told() -> None:
    content = aiohttp.StreamReader(BaseProtocol(asyncio.get_running_loop()), 1024)
    response: Any = SimpleNamespace(content=content)
    pieces = event_stream.pieces(response)
    content.feed_data(b"data: one\n\n")
    taken = [await anext(pieces)]
    content.feed_data(b"data: two\n\n")
    content.feed_data(b"data: three\n\n")
    content.set_exception(aiohttp.ClientPayloadError("cut"))
    taken.append(await anext(pieces))
    with pytest.raises(aiohttp.ClientPayloadError, match="cut"):
        await anext(pieces)

    assert by_ours(taken) == ["one", "two", "three"]
