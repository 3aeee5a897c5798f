"""What a job has said so far: shown to views at once, kept by the store a moment later."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from app.jobs.beat import Beat
from app.stores import StoreUnavailableError
from app.stores.records import Piece, Standing

FLUSH_SECONDS = 0.25
"""How much of an answer a crash may take: what was streamed since the last piece was kept."""

FIRST_FLUSH_SECONDS = 0.02
"""After the first words: they leave for whoever watches before the store is given anything to do."""

FLUSH_SHARE = 4.0
"""A slow store is asked less often: the pause is at least so many times what the last piece took."""

LONGEST_FLUSH_SECONDS = 5.0

FLUSH_CHARACTERS = 8_000
"""A piece is kept at once when it has grown to this."""

Keep = Callable[[Piece], Awaitable[Standing]]

log = structlog.get_logger(__name__)


class Output:
    """Gathers text and has it kept piece by piece, in order, by one writer at a time.

    While the store is away the text gathers here and the job goes on; `unkept` tells whether any is left.
    """

    def __init__(self, keep: Keep | None, stop: Callable[[Standing], None]) -> None:
        self.length = 0
        self.beat = Beat()
        """When more is said, or something else about the job changes."""
        self._parts: list[str] = []
        self._keep = keep
        self._stop = stop
        self._kept = 0
        self._number = 0
        self._piece: Piece | None = None
        self._took = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._writer: asyncio.Task[None] | None = None

    @property
    def text(self) -> str:
        """Everything that was said, as one text."""
        if len(self._parts) > 1:
            self._parts = ["".join(self._parts)]
        return self._parts[0] if self._parts else ""

    @property
    def unkept(self) -> bool:
        """Whether some of the text is not in the store."""
        return self._keep is not None and self._kept < self.length

    def add(self, text: str) -> None:
        """Say more."""
        self._parts.append(text)
        self.length += len(text)
        self.beat.now()
        if self._keep is None:
            return
        if self.length - self._kept >= FLUSH_CHARACTERS:
            self._flush()
        elif self._timer is None:
            self._flush_later()

    async def close(self) -> None:
        """Stop writing; what is being written at this moment is finished."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._keep = None
        if self._writer is not None:
            await self._writer

    def _flush_later(self) -> None:
        pause = FIRST_FLUSH_SECONDS
        if self._number or self._took:
            pause = min(max(FLUSH_SECONDS, FLUSH_SHARE * self._took), LONGEST_FLUSH_SECONDS)
        self._timer = asyncio.get_running_loop().call_later(pause, self._flush)

    def _flush(self) -> None:
        self._timer = None
        if self._writer is None and self._keep is not None and self._kept < self.length:
            self._writer = asyncio.create_task(self._write(self._keep), name="job-output")

    async def _write(self, keep: Keep) -> None:
        # After a failure the same piece is sent again: it may have been kept, and only its number tells.
        piece = self._piece = self._piece or Piece(self._number + 1, self.text[self._kept :])
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            standing = await keep(piece)
        except StoreUnavailableError as error:
            log.warning("a piece of an answer could not be kept; trying again", reason=str(error))
        else:
            self._piece, self._number, self._kept = None, piece.number, self._kept + len(piece.text)
            if standing.cancel_requested or not standing.ours:
                self._stop(standing)
        finally:
            self._took = loop.time() - began
            self._writer = None
        if self._keep is not None and self._kept < self.length and self._timer is None:
            self._flush_later()
