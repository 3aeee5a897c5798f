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
        self._next: dict[str, asyncio.Future[T]] = {}
        self._finding: dict[str, asyncio.Task[None]] = {}

    async def __call__(self, key: str) -> T:
        """Return what is found for this key, or raise what finding it raised.

        Whoever stops waiting stops it for nobody else.
        """
        answer = self._next.get(key)
        if answer is None:
            answer = self._next[key] = asyncio.get_running_loop().create_future()
        if key not in self._finding:
            self._finding[key] = asyncio.create_task(self._answer(key))
        return await asyncio.shield(answer)

    async def _answer(self, key: str) -> None:
        """Find answers until nobody waits for one."""
        try:
            while (answer := self._next.pop(key, None)) is not None:
                try:
                    answer.set_result(await self._find(key))
                except Exception as error:  # noqa: BLE001 - it is for those who asked
                    answer.set_exception(error)
                    answer.exception()  # they may all be gone, and then nobody misses it
        finally:
            del self._finding[key]
