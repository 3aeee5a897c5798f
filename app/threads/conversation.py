"""A thread as a model is shown it: the whole while it fits, else a summary and the latest exchanges.

Nothing is cut silently: what is left out has been summarised before, and the answer says so.
"""

from collections.abc import Awaitable, Callable, Sequence
from itertools import groupby
from typing import Protocol

from msgspec import Struct, field
from msgspec.structs import replace

from app.providers import tokens
from app.providers.records import Model
from app.providers.requests import Message, Request
from app.stores import FileStore, NotFoundError, ThreadStore
from app.stores.records import File, Thread, Turn
from app.threads.attachments import as_shown

PAGE_TURNS = 1_000
"""Turns read in one round trip."""

SHARE_KEPT = 0.5
"""Of the room for history, how much the latest exchanges may fill when older ones are summarised."""

UNANSWERED = "[This was never answered.]"
CUT_OFF = "[This answer was cut off.]"

Summarise = Callable[[str, Sequence[Message]], Awaitable[str]]
"""Given the summary so far ('' for none) and messages it does not cover, returns one that covers both."""


class Stores(ThreadStore, FileStore, Protocol):
    """What a conversation is read from."""


class TooLongError(Exception):
    """One exchange alone does not fit, so it can neither be shown nor summarised; a whole sentence."""


class History(Struct, frozen=True):
    """What a model is shown of a thread: a summary ('' for none), and messages after it."""

    summary: str
    messages: tuple[Message, ...]


class Conversation(Struct):
    """One thread, read once; its history can be asked for by several models, one after the other."""

    thread: Thread
    turns: list[Turn]
    files: dict[str, File] = field(default_factory=dict)

    @classmethod
    async def read(cls, store: Stores, principal: str, thread_id: str) -> "Conversation":
        """Read a thread, from where its summary ends, and the files its turns refer to.

        Raises:
            NotFoundError: there is no such thread of this principal.
        """
        thread = await store.thread(principal, thread_id)
        turns = await turns_after(store, principal, thread_id, thread.summary_through)
        files: dict[str, File] = {}
        for file_id in dict.fromkeys(file_id for turn in turns for file_id in turn.files):
            try:
                files[file_id] = await store.file(principal, file_id)
            except NotFoundError:
                continue  # it is then named in its place
        return cls(thread, turns, files)

    @property
    def last_model(self) -> str | None:
        """The id of the model that answered last."""
        return next((turn.model for turn in reversed(self.turns) if turn.model), None)

    def history(self, model: Model) -> list[tuple[int, tuple[Message, ...]]]:
        """Return each exchange that the summary does not cover, as (number, messages) for one model."""
        return [
            (number, self._messages(list(turns), model))
            for number, turns in groupby(self.turns, key=lambda turn: turn.number)
        ]

    async def fitted(self, model: Model, room: int, summarise: Summarise, store: ThreadStore) -> History:
        """Return what fits into `room` tokens of a model; summarises older exchanges if it must.

        Raises:
            TooLongError: the latest exchange, or one to be summarised, alone is longer than that.
        """
        exchanges = self.history(model)
        sizes = [size(messages, model) for _, messages in exchanges]
        summary = self.thread.summary or ""
        if tokens.estimate_text(summary) + sum(sizes) > room:
            kept = _latest(sizes, int(room * SHARE_KEPT))
            older, exchanges = exchanges[: len(exchanges) - kept], exchanges[len(exchanges) - kept :]
            summary = await self._summarised(model, older, sizes, room, summarise, store)
        return History(summary, tuple(message for _, messages in exchanges for message in messages))

    async def _summarised(
        self,
        model: Model,
        older: list[tuple[int, tuple[Message, ...]]],
        sizes: list[int],
        room: int,
        summarise: Summarise,
        store: ThreadStore,
    ) -> str:
        """Summarise what no longer fits, as many exchanges at a time as one call can read."""
        summary, batch, filled = self.thread.summary or "", list[Message](), 0
        for (number, messages), size in zip(older, sizes, strict=False):
            if size > room:
                raise TooLongError(
                    f"Exchange {number} of {self.thread.id} alone has about {size:,} tokens, more than "
                    f"{model.id} takes: go on with a model of a longer context, or fork the thread before it."
                )
            if filled + size > room:
                summary, batch, filled = await summarise(summary, batch), [], 0
            batch += messages
            filled += size
        summary = await summarise(summary, batch)
        through = older[-1][0]
        await store.keep_summary(self.thread.principal, self.thread.id, summary, through=through)
        self.thread = replace(self.thread, summary=summary, summary_through=through)
        self.turns = [turn for turn in self.turns if turn.number > through]
        return summary

    def _messages(self, turns: Sequence[Turn], model: Model) -> tuple[Message, ...]:
        messages = []
        for turn in turns:
            # The files of an answer are what was read for it, and stand with the question.
            shown = turn.files if turn.role == "user" else ()
            text, media = as_shown(turn.text, shown, self.files, model)
            if turn.partial:
                text = f"{text}\n\n{CUT_OFF}"
            # Reasoning means something only to the model whose it was.
            reasoning = turn.reasoning if turn.model == model.id else None
            messages.append(Message(turn.role, text, reasoning=reasoning, media=media))
        if messages and messages[-1].role == "user":
            messages.append(Message("assistant", UNANSWERED))
        return tuple(messages)


def size(messages: Sequence[Message], model: Model) -> int:
    """Return about how many tokens messages have for a model."""
    return tokens.estimate(Request("", model, tuple(messages), 0))


async def turns_after(store: ThreadStore, principal: str, thread_id: str, after: int) -> list[Turn]:
    """Return every turn of a thread whose exchange has a higher number than `after`.

    Raises:
        NotFoundError: there is no such thread of this principal.
    """
    turns: list[Turn] = []
    while page := await store.turns(principal, thread_id, after=after, most=PAGE_TURNS):
        # An exchange is never split between two pages: the last one is read again.
        last = page[-1].number
        whole = [turn for turn in page if turn.number < last] if len(page) == PAGE_TURNS else list(page)
        turns += whole
        if len(page) < PAGE_TURNS:
            break
        after = whole[-1].number
    return turns


def _latest(sizes: Sequence[int], room: int) -> int:
    """Count the exchanges from the end that fit into the room, at least none."""
    count, filled = 0, 0
    for size in reversed(sizes):
        filled += size
        if filled > room:
            break
        count += 1
    return count
