"""One way out: a write a loop turn or a read, back-pressure, and an end for who reads too slowly."""

import asyncio

import pytest

from app.transports.outbox import JOIN_BYTES, Outbox

LONG = b"x" * JOIN_BYTES


class Wire(asyncio.Transport):
    """A transport whose reader takes only what it is let, and the writer that waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.full = False
        self.aborted = False
        self.taken = asyncio.Event()

    @property
    def writing_paused(self) -> bool:
        return self.full

    def write(self, data: "bytes | bytearray | memoryview[int]") -> None:
        self.written.append(bytes(data))

    def is_closing(self) -> bool:
        return self.aborted

    def abort(self) -> None:
        self.aborted = True

    async def drain(self) -> None:
        await self.taken.wait()


def outbox(wire: Wire, **limits: float) -> Outbox:
    return Outbox(wire, wire, wire, **limits)  # type: ignore[arg-type]  # the limits by their names


async def turns(count: int = 3) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_replies_of_one_loop_turn_leave_in_one_write() -> None:
    wire = Wire()
    out = outbox(wire)
    for reply in (b"one", b"two"):
        out.finish(reply)
    before = list(wire.written)
    await turns()

    assert before == []
    assert wire.written == [b"\x81\x03one\x81\x03two"]


async def test_what_is_held_leaves_with_the_flush_and_not_before() -> None:
    wire = Wire()
    out = outbox(wire)
    out.hold()
    out.finish(b"one")
    await turns()
    before = list(wire.written)
    out.finish(b"two")
    out.flush()

    assert before == []
    assert wire.written == [b"\x81\x03one\x81\x03two"]


async def test_after_an_empty_flush_the_next_reply_leaves_by_itself() -> None:
    wire = Wire()
    out = outbox(wire)
    out.hold()
    out.flush()
    out.finish(b"one")
    await turns()

    assert wire.written == [b"\x81\x03one"]


async def test_what_is_too_much_for_one_write_leaves_early_though_it_is_held() -> None:
    wire = Wire()
    out = outbox(wire, max_bytes=2 * JOIN_BYTES)
    out.hold()
    for _ in range(10):
        out.finish(LONG)
    out.flush()

    assert sum(map(len, wire.written)) > 10 * len(LONG)
    assert not wire.aborted


async def test_nothing_is_written_to_a_full_wire_and_everything_once_it_takes_more() -> None:
    wire = Wire()
    out = outbox(wire)
    wire.full = True
    out.finish(b"one")
    await turns()
    out.hold()
    out.finish(b"two")
    out.flush()
    out.ping()
    await turns()
    before = list(wire.written)
    wire.full = False
    wire.taken.set()
    await out.drained()

    assert before == [b"\x81\x03one"]
    assert wire.written[1:] == [b"\x81\x03two\x89\x00"]


async def test_a_reader_that_leaves_too_much_is_cut_off() -> None:
    wire = Wire()
    out = outbox(wire, max_bytes=2 * JOIN_BYTES)
    wire.full = True
    out.finish(b"one")
    await turns()
    for _ in range(3):
        out.finish(LONG)

    assert wire.aborted
    assert out.cut_off
    out.close()


async def test_a_reader_that_takes_nothing_in_time_is_cut_off() -> None:
    wire = Wire()
    out = outbox(wire, stall_seconds=0.01)
    wire.full = True
    out.finish(b"one")
    await turns()
    await out.drained()

    assert wire.aborted


@pytest.mark.parametrize("do", ["finish", "push", "ping"])
async def test_nothing_is_queued_for_a_connection_that_is_gone(do: str) -> None:
    wire = Wire()
    out = outbox(wire)
    out.abort()
    getattr(out, do)(*([] if do == "ping" else [b"late"]))
    await turns()

    assert wire.written == []
