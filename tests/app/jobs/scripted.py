"""A gateway that answers from a script, for tests of what stands above the vendors."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

from app.providers.errors import ProviderError
from app.providers.events import Done, Event, Text, Usage
from app.providers.protocol import ProviderState
from app.providers.requests import Request

Step = Event | ProviderError | asyncio.Event
"""What happens next: an event is yielded, an error raised, an `asyncio.Event` waited for."""


def whole(text: str = "the answer", *, tokens_in: int = 10, tokens_out: int = 5) -> list[Step]:
    """An answer in one piece, with its usage."""
    return [Text(text), Done("stop", Usage(tokens_in, 0, tokens_out), request_id="their-id")]


class ScriptedGateway:
    """Answers each request with the next script, or with what a function makes of the request."""

    def __init__(self, *scripts: Sequence[Step] | Callable[[Request], Sequence[Step]]) -> None:
        self.scripts = list(scripts)
        self.requests: list[Request] = []
        self.closed = 0
        self.vendors = {"kimi", "glm"}
        self._asked = asyncio.Event()

    async def asked(self) -> None:
        """Wait until a request has come."""
        async with asyncio.timeout(5):
            await self._asked.wait()

    def usable(self, vendor: str) -> bool:
        return vendor in self.vendors

    async def states(self) -> Sequence[ProviderState]:
        return []

    async def stream(self, request: Request) -> AsyncIterator[Event]:
        self.requests.append(request)
        self._asked.set()
        script = self.scripts.pop(0) if self.scripts else whole()
        try:
            for step in script(request) if callable(script) else script:
                if isinstance(step, asyncio.Event):
                    await step.wait()
                elif isinstance(step, ProviderError):
                    raise step
                else:
                    yield step
        finally:
            self.closed += 1
