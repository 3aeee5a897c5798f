"""Threads, their turns and the files these name."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

Role = Literal["user", "assistant"]


class Turn(Struct, frozen=True):
    """One side of an exchange in a thread.

    `number` counts the exchanges of a thread from 1: a prompt and its answer have the same number, so that
    calls which run at once on one thread never mix. `reasoning` is what some models must be given back.
    `files` are ids of files. `partial` marks an answer that was cut off.
    """

    number: int
    role: Role
    text: str
    created: datetime
    reasoning: str | None = None
    model: str | None = None
    tool: str | None = None
    job: str | None = None
    files: tuple[str, ...] = ()
    partial: bool = False
    input_tokens: int = 0
    output_tokens: int = 0
    cost: int = 0


class Thread(Struct, frozen=True):
    """A conversation; `exchanges` counts them, deleted with everything in it.

    `summary` stands for the exchanges up to and including `summary_through` when the whole no longer fits.
    `forked_from` is the id of the thread it was copied from.
    """

    id: str
    principal: str
    project: str
    title: str
    created: datetime
    updated: datetime
    exchanges: int
    forked_from: str | None = None
    summary: str | None = None
    summary_through: int = 0


class Hit(Struct, frozen=True):
    """One turn that a search found, with the thread it is in."""

    thread: str
    title: str
    project: str
    turn: Turn


class File(Struct, frozen=True):
    """A file kept once per principal by its content: `id` is the SHA-256 of `content` in hex.

    Only the text read from a document has an id made from the document's (`app.threads.attachments`).

    `content` is None where only the facts were asked for. `expires` is None once a thread refers to it;
    from then on it lives as long as any such thread.
    """

    id: str
    principal: str
    name: str
    media_type: str
    size: int
    created: datetime
    expires: datetime | None
    content: bytes | None = None
