"""A client's share: unlimited alone, its due beside others."""

import asyncio

from app.transports.fairness import CONTENTION_SECONDS, SLICE_SECONDS, Shares


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_client_alone_may_use_the_whole_server() -> None:
    shares = Shares(100, Clock())

    assert {shares.wait("alone") for _ in range(10_000)} == {0.0}


def test_a_flood_beside_another_client_gets_its_share_a_slice() -> None:
    clock = Clock()
    shares = Shares(100, clock)
    served = 0
    for _ in range(10):
        assert shares.wait("honest") == 0.0
        served += sum(shares.wait("flood") == 0.0 for _ in range(1000))
        clock.now += SLICE_SECONDS

    assert served <= 100 + 10 + 1  # its share of a second, one slice more, and what ended the first slice


def test_the_wait_ends_with_the_slice() -> None:
    clock = Clock()
    shares = Shares(100, clock)
    shares.wait("honest")
    waits = [shares.wait("flood") for _ in range(100)]

    assert 0.0 < max(waits) <= SLICE_SECONDS
    clock.now += max(waits)
    assert shares.wait("flood") == 0.0


def test_a_client_that_has_gone_quiet_frees_the_server() -> None:
    clock = Clock()
    shares = Shares(100, clock)
    shares.wait("honest")
    for _ in range(100):
        shares.wait("flood")
    clock.now += CONTENTION_SECONDS + SLICE_SECONDS

    assert {shares.wait("flood") for _ in range(1000)} == {0.0}


def test_a_patient_client_never_waits() -> None:
    clock = Clock()
    shares = Shares(100, clock)
    waits = set()
    for _ in range(500):
        waits.add(shares.wait("honest"))
        shares.wait("other")
        clock.now += 0.02

    assert waits == {0.0}


async def test_messages_past_the_share_stand_in_one_line_and_go_on_a_share_at_a_time() -> None:
    clock = Clock()
    shares = Shares(100, clock)
    shares.wait("honest")
    while not (seconds := shares.wait("flood")):
        pass
    served: list[int] = []

    async def message(number: int) -> None:
        await shares.turn("flood", seconds)
        served.append(number)

    messages = [asyncio.create_task(message(number)) for number in range(5)]
    await asyncio.sleep(0)
    messages[1].cancel()
    for count in (2, 4):  # of a share of two a slice
        clock.now += SLICE_SECONDS
        shares.wait("honest")
        async with asyncio.timeout(10):
            await asyncio.wait(
                [each for each in messages if not each.done()], return_when=asyncio.FIRST_COMPLETED
            )
            await asyncio.wait(messages[: count + 1])
        assert served == [0, 2, 3, 4][:count]

    assert not shares._lines
