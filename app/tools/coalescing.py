"""One answer for all who ask the same at the same time, so that a crowd costs little more than one."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Coalesced(Generic[T]):
    """Asks `find` once at a time for each key.

    Who asks while an answer is being found shares the next one, so no answer is older than its question.
    """

    def __init__(self, find: Callable[[str], Awaitable[T]]) -> None:
        self._find = find
        self._next: dict[str, list[asyncio.Future[T]]] = {}
        self._finding: dict[str, asyncio.Task[None]] = {}

    async def __call__(self, key: str) -> T:
        """Return what is found for this key, or raise what finding it raised.

        Whoever stops waiting stops it for nobody else.
        """
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._next.setdefault(key, []).append(answer)
        if key not in self._finding:
            self._finding[key] = asyncio.create_task(self._answer(key))
        return await answer

    async def _answer(self, key: str) -> None:
        """Find answers until nobody waits for one."""
        try:
            while asking := self._next.pop(key, None):
                try:
                    found = await self._find(key)
                except Exception as error:  # noqa: BLE001 - it is for those who asked
                    for answer in asking:
                        if not answer.done():
                            answer.set_exception(error)
                else:
                    for answer in asking:
                        if not answer.done():
                            answer.set_result(found)
        finally:
            del self._finding[key]
