"""Jobs over a real SQLite store, with vendors that follow a script."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from app.budget.limits import Budgets
from app.description import account_of
from app.files.intake import FileLimits, Intake
from app.files.quota import Quota
from app.files.urls import Urls
from app.jobs.jobs import Jobs
from app.protocol.dispatcher import Dispatcher
from app.providers import catalog
from app.settings.server_file import parse
from app.shared.in_process import InProcess
from app.stores import Store
from app.stores.sqlite import SqliteStore
from app.tools.assembly import Parts, all_tools, beside_tools
from app.tools.choice import Choice
from app.tools.resources import after_jobs, news_of_threads
from app.tools.status import Status
from tests.app.jobs.scripted import FakeExtraction, FakeFetch, FakeSearch, ScriptedGateway
from tests.app.tools.test_status import a_status
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
    """One replica: its jobs, a dispatcher with all tools, and clients of it."""

    def __init__(
        self,
        store: Store,
        bus: LocalBus,
        *,
        replica: str,
        detach_seconds: float,
        budget: str,
        with_key: frozenset[str] = frozenset({"kimi", "glm"}),
    ) -> None:
        self.store = store
        self.gateway = ScriptedGateway()
        self.search = FakeSearch()
        self.extraction = FakeExtraction()
        self.fetch = FakeFetch()
        self.refused: set[tuple[str, str]] = set()
        self.changed: list[tuple[str, str]] = []
        self.choice = Choice(catalog.BUILT_IN, with_key)
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
        self.intake = Intake(
            store,
            Urls(["files.example"], self.fetch),
            Quota(InProcess(), 100_000_000),
            FileLimits(file_bytes=1_000_000, files_per_call=8, file_seconds=3600),
        )
        self.parts = Parts(
            jobs=self.jobs,
            store=store,
            choice=self.choice,
            with_key=with_key,
            intake=self.intake,
            searches=[self.search] if "glm" in with_key else [],
            extractions=[self.extraction] if with_key else [],
            states=self.gateway.states,
            describe=self._describe,
            allows=lambda principal, tool: (principal, tool) not in self.refused,
            changed=self._changed,
        )
        self.jobs.when_ended = after_jobs(self._changed)
        prompts, resources, completer = beside_tools(self.parts)
        self.dispatcher = Dispatcher(
            name="test",
            version="1",
            instructions="",
            tools=all_tools(self.parts),
            prompts=prompts,
            resources=resources,
            completer=completer,
        )
        self._tell = news_of_threads(self.dispatcher.resource_updated)

    def _changed(self, principal: str, thread: str) -> None:
        self.changed.append((principal, thread))
        self._tell(principal, thread)

    async def _describe(self, principal: str) -> Status:
        return a_status(await account_of(principal, self.store, self.budgets))

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

    def bench(replica: str = "one", *, detach_seconds: float = 20, budget: str = "10", **more: Any) -> Bench:
        made.append(Bench(store, bus, replica=replica, detach_seconds=detach_seconds, budget=budget, **more))
        return made[-1]

    yield bench
    for one in made:
        await one.jobs.drain(0)


@pytest.fixture
def bench(make: MakeBench) -> Bench:
    return make()
