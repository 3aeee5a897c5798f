"""Suggestions while a person fills a prompt or a resource in: models, threads, projects, fixed words."""

from collections.abc import Awaitable, Callable, Sequence
from typing import get_args

from app.protocol.call import Call
from app.protocol.completions import Complete
from app.providers.catalog import Catalog
from app.stores import StoreError, ThreadStore
from app.stores.records import Thread
from app.tools.codereview import Focus

MOST_THREADS = 500
"""Threads, the last touched, that are looked through."""


class Suggestions:
    """Answers `completion/complete`; arguments of one name mean the same in every prompt."""

    def __init__(self, catalog: Catalog, store: ThreadStore, tools: Sequence[str]) -> None:
        aliases = [alias for model in catalog.models for alias in model.aliases]
        self._models = ["auto", *aliases, *(model.id for model in catalog.models)]
        self._store = store
        self._tools = tools
        self._sources: dict[str, Callable[[Call, str], Awaitable[list[str]]]] = {
            "model": self._model,
            "models": self._several,
            "thread": self._thread,
            "id": self._thread,
            "project": self._project,
            "focus": self._focus,
            "tool": self._tool,
        }

    async def complete(self, call: Call, asked: Complete) -> list[str]:
        """Return what may be meant; nothing for an argument of free text, or while the store is away."""
        source = self._sources.get(asked.argument.name)
        return [] if source is None else await source(call, asked.argument.value)

    async def _model(self, _: Call, typed: str) -> list[str]:
        return _beginning(typed, self._models)

    async def _several(self, _: Call, typed: str) -> list[str]:
        before, comma, last = typed.rpartition(",")
        named = {name.strip() for name in before.split(",")}
        return [f"{before}{comma}{name}" for name in _beginning(last, self._models[1:]) if name not in named]

    async def _focus(self, _: Call, typed: str) -> list[str]:
        return _beginning(typed, get_args(Focus))

    async def _tool(self, _: Call, typed: str) -> list[str]:
        return _beginning(typed, self._tools)

    async def _thread(self, call: Call, typed: str) -> list[str]:
        wanted = typed.strip().lower()
        threads = await self._threads(call)
        return [
            thread.id for thread in threads if thread.id.startswith(wanted) or wanted in thread.title.lower()
        ]

    async def _project(self, call: Call, typed: str) -> list[str]:
        threads = await self._threads(call)
        return _beginning(typed, dict.fromkeys(thread.project for thread in threads if thread.project))

    async def _threads(self, call: Call) -> Sequence[Thread]:
        try:
            return await self._store.threads(call.principal, project=None, before=None, most=MOST_THREADS)
        except StoreError:
            return ()


def _beginning(typed: str, words: "Sequence[str] | dict[str, None]") -> list[str]:
    wanted = typed.strip().lower()
    return [word for word in words if word.lower().startswith(wanted)]
