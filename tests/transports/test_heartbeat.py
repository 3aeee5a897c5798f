"""Who is silent is pinged, who stays silent is dropped, and whatever arrives begins the count anew."""

import asyncio

from app.transports.heartbeat import DROP_AFTER, PING_AFTER, Heartbeat


class Peer:
    """Answers each ping if it lives."""

    def __init__(self, *, lives: bool) -> None:
        self.silent = 0
        self.pinged = 0
        self.pings = asyncio.Semaphore(0)
        self.dropped = asyncio.Event()
        self._lives = lives

    def ping(self) -> None:
        self.pinged += 1
        self.pings.release()
        if self._lives:
            self.silent = 0

    def drop(self) -> None:
        self.dropped.set()


async def test_a_peer_that_answers_is_pinged_again_and_again_and_one_that_does_not_is_dropped() -> None:
    heartbeat = Heartbeat(0.02)
    alive, dead = Peer(lives=True), Peer(lives=False)
    for peer in (alive, dead):
        heartbeat.watch(peer)
    async with asyncio.timeout(10):
        await dead.dropped.wait()
        for _ in range(3):
            await alive.pings.acquire()
    heartbeat.forget(alive)
    heartbeat.forget(dead)

    assert dead.pinged == 1
    assert not alive.dropped.is_set()


async def test_a_peer_has_half_as_long_again_to_answer() -> None:
    assert DROP_AFTER - PING_AFTER == PING_AFTER / 2


async def test_nothing_beats_for_nobody() -> None:
    heartbeat, peer = Heartbeat(0.02), Peer(lives=False)
    heartbeat.watch(peer)
    heartbeat.forget(peer)
    heartbeat.forget(peer)

    assert heartbeat._timer is None
