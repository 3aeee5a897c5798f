"""Jobs over a real SQLite store, with vendors that follow a script."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from app.budget.limits import Budgets
from app.jobs.jobs import Jobs
from app.protocol.dispatcher import Dispatcher
from app.providers import catalog
from app.settings.server_file import parse
from app.stores import Store
from app.stores.sqlite import SqliteStore
from app.tools.chat import chat_tool
from app.tools.choice import Choice
from app.tools.consultations import Consultations
from tests.app.jobs.scripted import ScriptedGateway
from tests.protocol.conversation import Conversation


class LocalBus:
    """The replicas' bus of one process: what is said is heard at once."""

    def __init__(self) -> None:
        self._handlers: dict[str, list[Callable[[dict[str, Any]], None]]] = {}

    def on(self, kind: str, handler: Callable[[dict[str, Any]], None]) -> None:
        self._handlers.setdefault(kind, []).append(handler)

    def say(self, kind: str, content: dict[str, Any]) -> None:
        for handler in self._handlers.get(kind, ()):
            handler(content)


class Bench:
    """One replica: its jobs, a dispatcher with the tool `chat`, and clients of it."""

    def __init__(
        self, store: Store, bus: LocalBus, *, replica: str, detach_seconds: float, budget: str
    ) -> None:
        self.store = store
        self.gateway = ScriptedGateway()
        self.choice = Choice(catalog.BUILT_IN, {"kimi", "glm"})
        self.budgets = Budgets(parse(f"[budget]\ndefault_usd_per_day = {budget}\n", Path("server.toml")))
        self.jobs = Jobs(
            store,
            self.gateway,
            self.budgets,
            bus,
            replica=replica,
            stand_in=self.choice.stand_in,
            call_seconds=30,
            detach_seconds=detach_seconds,
        )
        consultations = Consultations(self.jobs, store, self.choice)
        self.dispatcher = Dispatcher(
            name="test", version="1", instructions="", tools=[chat_tool(consultations)]
        )

    def client(self, principal: str = "me", *args: Any, **options: Any) -> Conversation:
        return Conversation(self.dispatcher, *args, principal=principal, **options)


MakeBench = Callable[..., Bench]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = SqliteStore(tmp_path / "jobs.sqlite3")
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def make(store: Store) -> AsyncIterator[MakeBench]:
    """Make replicas on one store and one bus; their jobs are over when the test is."""
    bus, made = LocalBus(), list[Bench]()

    def bench(replica: str = "one", *, detach_seconds: float = 20, budget: str = "10") -> Bench:
        made.append(Bench(store, bus, replica=replica, detach_seconds=detach_seconds, budget=budget))
        return made[-1]

    yield bench
    for one in made:
        await one.jobs.drain(0)


@pytest.fixture
def bench(make: MakeBench) -> Bench:
    return make()
