"""The strict start check: tries until the store is there, gives up only where trying is pointless."""

import asyncio
from collections.abc import Sequence

import pytest

from app import start_check
from app.exits import Exit
from app.health import Health
from app.protocol.tools import ToolResult, text
from app.shutdown import Shutdown
from app.start_check import StartCheck
from app.stores import SchemaTooNewError, StoreUnavailableError


class Store:
    """Raises what it is given, one error an attempt, then opens."""

    name = "made up"

    def __init__(self, errors: Sequence[Exception]) -> None:
        self.errors = list(errors)
        self.attempts = 0

    async def open(self) -> None:
        self.attempts += 1
        if self.errors:
            raise self.errors.pop(0)

    async def close(self) -> None:
        """Nothing to close."""

    async def ping(self) -> None:
        """Always there."""

    async def schema_version(self) -> int:
        return 1


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start_check, "FIRST_WAIT_SECONDS", 0.001)


async def run(store: Store, result: ToolResult | None = None) -> tuple[Health, Shutdown]:
    async def call_status() -> ToolResult:
        return result or ToolResult([text("fine")])

    health, shutdown = Health([]), Shutdown()
    check = StartCheck(store=store, health=health, call_status=call_status, shutdown=shutdown)
    async with asyncio.timeout(10):
        await check.run()
    return health, shutdown


async def test_it_passes_once_the_store_is_there() -> None:
    store = Store([StoreUnavailableError("away: start it."), StoreUnavailableError("still away: start it.")])
    health, _ = await run(store)

    assert (health.started, health.obstacle, store.attempts) == (True, None, 3)


async def test_a_schema_that_is_too_new_ends_the_process_as_misconfigured() -> None:
    health, shutdown = await run(Store([SchemaTooNewError("too new: start 9.")]))

    assert (health.started, health.obstacle, shutdown.exit) == (
        False,
        "too new: start 9.",
        Exit.CONFIGURATION,
    )
    await asyncio.wait_for(shutdown.wait(), 1)


async def test_a_tool_that_fails_in_process_is_a_bug() -> None:
    health, shutdown = await run(Store([]), ToolResult([text("no")], is_error=True))

    assert (health.started, shutdown.exit) == (False, Exit.BUG)
