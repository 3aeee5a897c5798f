"""Lines over pipes: whole, bounded, and never waiting where they must not."""

import asyncio
import contextlib
import os
import threading
from collections.abc import Iterator

import pytest

from app.transports.stdio_pipes import CHUNK_BYTES, LineReader, LineTooLong, LineWriter

WAIT_SECONDS = 10
MIB = 1024 * 1024


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    for descriptor in (reading, writing):
        with contextlib.suppress(OSError):
            os.close(descriptor)


async def rest(reader: LineReader) -> list[bytes | None]:
    found: list[bytes | None] = []
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            try:
                line = await reader.read()
            except LineTooLong:
                found.append(None)
            else:
                if line is None:
                    return found
                found.append(line)


def feed(descriptor: int, data: bytes) -> None:
    """Write all of it from a thread and close."""

    def write() -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        os.close(descriptor)

    threading.Thread(target=write, daemon=True).start()


async def test_lines_come_whole_however_they_were_cut(pipe: tuple[int, int]) -> None:
    lines = [b"a", b"", b"b" * (3 * CHUNK_BYTES), b"c\r", "é世界".encode()]
    reader = LineReader(pipe[0], max_bytes=MIB)
    feed(pipe[1], b"\n".join(lines) + b"\n")

    assert await rest(reader) == lines


async def test_the_last_line_needs_no_end(pipe: tuple[int, int]) -> None:
    reader = LineReader(pipe[0], max_bytes=MIB)
    feed(pipe[1], b"one\ntwo")

    assert await rest(reader) == [b"one", b"two"]


async def test_a_line_above_the_bound_is_skipped_and_the_next_one_read(pipe: tuple[int, int]) -> None:
    reader = LineReader(pipe[0], max_bytes=100_000)
    feed(pipe[1], b"before\n" + b"x" * MIB + b"\nafter\n" + b"y" * MIB)

    assert await rest(reader) == [b"before", None, b"after", None]


async def test_no_more_is_read_ahead_than_the_bound(pipe: tuple[int, int]) -> None:
    reader = LineReader(pipe[0], max_bytes=MIB, ahead_bytes=CHUNK_BYTES)
    line = b"x" * 1023 + b"\n"
    os.set_blocking(pipe[1], False)
    accepted = 0
    for _ in range(8192):
        try:
            accepted += os.write(pipe[1], line)
        except BlockingIOError:
            break
        await asyncio.sleep(0)

    assert accepted < MIB  # two chunks read ahead, and what the kernel's pipe holds

    os.close(pipe[1])

    assert len(b"".join(found or b"" for found in await rest(reader))) == accepted // 1024 * 1023


async def test_a_writer_tells_when_too_much_is_unwritten_and_when_it_is_not(pipe: tuple[int, int]) -> None:
    writer = LineWriter(pipe[1], max_bytes=MIB)
    message = b"x" * (256 * 1024)
    for _ in range(8):
        writer.finish(message)
    room = asyncio.create_task(writer.room())
    await asyncio.wait({room}, timeout=0)

    assert not room.done()

    def drain() -> int:
        total = 0
        while total < 8 * (len(message) + 1):
            total += len(os.read(pipe[0], CHUNK_BYTES))
        return total

    async with asyncio.timeout(WAIT_SECONDS):
        assert await asyncio.to_thread(drain) == 8 * (len(message) + 1)
        await room
        await writer.drained()


async def test_a_writer_whose_reader_is_gone_says_so_and_waits_for_nobody(pipe: tuple[int, int]) -> None:
    writer = LineWriter(pipe[1])
    os.close(pipe[0])
    writer.finish(b"lost")
    async with asyncio.timeout(WAIT_SECONDS):
        await writer.broken.wait()
        await writer.send(b"lost too")
        await writer.drained()


async def test_pipes_that_the_parent_made_non_blocking_work_the_same(pipe: tuple[int, int]) -> None:
    for descriptor in pipe:
        os.set_blocking(descriptor, False)
    reader, writer = LineReader(pipe[0], max_bytes=4 * MIB), LineWriter(pipe[1])
    writer.finish(b"x" * (2 * MIB))
    writer.finish(b"y")

    async with asyncio.timeout(WAIT_SECONDS):
        assert await reader.read() == b"x" * (2 * MIB)
        assert await reader.read() == b"y"
