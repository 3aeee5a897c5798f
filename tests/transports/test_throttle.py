"""The throttle: exact here, shared with other replicas, bounded, never against a right token elsewhere."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from app.shared.fallback import Fallback
from app.shared.in_process import InProcess
from app.shared.protocol import SharedUnavailableError, Window
from app.transports.throttle import Throttle, source_of
from tests.transports.server import TOKEN, Running, running

RIGHT = {"Authorization": f"Bearer {TOKEN}"}
WRONG = {"Authorization": "Bearer wrong"}


class Away(InProcess):
    """A shared state nobody can reach."""

    async def add(self, *_: object) -> Window:
        raise SharedUnavailableError("away")

    async def read(self, *_: object) -> Window:
        raise SharedUnavailableError("away")


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def status(http: aiohttp.ClientSession, server: Running, headers: dict[str, str]) -> int:
    async with http.get(server.url, headers=headers) as response:
        return response.status


async def test_what_one_replica_counted_the_other_refuses(http: aiohttp.ClientSession) -> None:
    shared = InProcess()
    async with (
        running(guard={"throttle": Throttle(shared=shared)}) as one,
        running(guard={"throttle": Throttle(shared=shared)}) as two,
    ):
        assert [await status(http, one, WRONG) for _ in range(3)] == [401] * 3
        assert [await status(http, two, WRONG) for _ in range(3)] == [401, 401, 429]
        assert await status(http, one, WRONG) == 429


async def test_while_the_shared_state_is_away_the_count_goes_on_here(http: aiohttp.ClientSession) -> None:
    async with running(guard={"throttle": Throttle(shared=Fallback(Away()))}) as server:
        assert [await status(http, server, WRONG) for _ in range(7)] == [401] * 5 + [429] * 2


async def test_at_most_the_allowed_number_of_tokens_is_looked_at_however_many_come_at_once(
    http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(guard={"throttle": Throttle(shared=InProcess())}) as server:
        found = await asyncio.gather(*(status(http, server, WRONG) for _ in range(200)))

    assert sorted(found) == [401] * 5 + [429] * 195
    assert sum("wrong tokens" in record.message for record in caplog.records) == 1


async def test_a_right_token_of_another_address_is_served_meanwhile(http: aiohttp.ClientSession) -> None:
    async with running(guard={"trusted_proxies": ["127.0.0.1"]}) as server:
        attacker, honest = {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "192.0.2.2"}
        for _ in range(6):
            last = await status(http, server, WRONG | attacker)

        assert last == 429
        assert await status(http, server, RIGHT | attacker) == 429
        assert await status(http, server, RIGHT | honest) == 400  # past the guard


async def test_a_probe_is_no_way_around_the_throttle(http: aiohttp.ClientSession, server: Running) -> None:
    for _ in range(5):
        async with http.get(server.server.make_url("/health"), headers=WRONG) as response:
            assert response.status == 200

    assert await status(http, server, WRONG) == 429


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("unknown", "unknown"),
    ],
)
def test_addresses_of_one_household_count_as_one(address: str, source: str) -> None:
    assert source_of(address) == source
