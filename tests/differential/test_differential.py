"""The same exchanges against the SDK's server and ours: what differs is in the table, or it is a fault."""

import asyncio
import gc
from dataclasses import dataclass

import aiohttp
import pytest

from tests.differential import generator, ours, players, theirs
from tests.differential.exchange import HTTP, STREAM, Exchange
from tests.differential.explained import Explanation, explanations

# The SDK leaves memory streams open behind sessions that ended in an error.
pytestmark = pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning")

AT_ONCE = {HTTP: 8, STREAM: 64}
"""Streams spend their time waiting for silence, HTTP exchanges compute."""

SHOWN = 20
"""Unexplained differences a failure names; more would not be read."""


@dataclass(frozen=True)
class Difference:
    exchange: Exchange
    transport: str
    ours: str
    theirs: str

    def explained_by(self, row: Explanation) -> bool:
        return row.matches(self.exchange.pattern, self.transport, self.ours, self.theirs)

    def __str__(self) -> str:
        return f"[{self.transport}] {self.exchange}\n    ours   {self.ours}\n    theirs {self.theirs}"


@dataclass(frozen=True)
class Played:
    total: int
    differences: list[Difference]


async def _play_all() -> Played:
    plays = [(exchange, transport) for exchange in generator.exchanges() for transport in exchange.transports]
    gates = {transport: asyncio.Semaphore(number) for transport, number in AT_ONCE.items()}
    connector = aiohttp.TCPConnector(limit=0)
    async with (
        ours.over_http() as our_url,
        theirs.over_http() as their_url,
        aiohttp.ClientSession(connector=connector) as http,
    ):

        async def play(exchange: Exchange, transport: str) -> Difference | None:
            async with gates[transport]:
                if transport == HTTP:
                    mine = await players.over_http(our_url, http, exchange)
                    other = await players.over_http(their_url, http, exchange)
                else:
                    async with players.our_websocket(our_url, http) as stream:
                        mine = await stream.play(exchange)
                    async with players.their_lines() as stream:
                        other = await stream.play(exchange)
            return (
                None
                if mine == other
                else Difference(exchange, transport, " | ".join(mine), " | ".join(other))
            )

        found = await asyncio.gather(*(play(*one) for one in plays))
    return Played(len(plays), [difference for difference in found if difference is not None])


@pytest.fixture(scope="module")
def played() -> Played:
    theirs.quiet()
    result = asyncio.run(_play_all())
    gc.collect()  # while the filter above is in force, not in some later test
    return result


def test_several_hundred_exchanges_were_played(played: Played) -> None:
    assert played.total >= 1600
    assert len({str(exchange) for exchange in generator.exchanges()}) >= 800


def test_no_difference_is_unexplained(played: Played) -> None:
    rows = explanations()
    unexplained = [found for found in played.differences if not any(map(found.explained_by, rows))]

    shown = "\n".join(map(str, unexplained[:SHOWN]))
    assert not unexplained, f"{len(unexplained)} differences are not explained, for instance:\n{shown}"


def test_no_explanation_is_stale(played: Played) -> None:
    stale = [
        row for row in explanations() if not any(found.explained_by(row) for found in played.differences)
    ]

    assert not stale, "these rows explain nothing any more:\n" + "\n".join(map(str, stale))


def test_every_explanation_says_why_and_where() -> None:
    assert all(row.why.endswith(".") and row.section for row in explanations())
