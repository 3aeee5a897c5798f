"""What a tool asks of the jobs, and what it gets: an `Order` for the whole, an `Ask` for each vendor call."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from msgspec import Struct, field

from app.providers.events import Usage
from app.providers.records import Effort, Model
from app.providers.requests import Function, Message, ToolCall

IDEMPOTENCY_KEY = "exai/idempotency-key"
"""The key of a request's `_meta` under which a client repeats a call without paying twice."""

TITLE_CHARACTERS = 80


class Order(Struct, frozen=True):
    """One tool call that will call models.

    `prompt` is the user's side of the exchange as the thread keeps it, `files` the ids it refers to.
    With a `thread` the exchange is added to it, else a new thread is made, unless it is not `threaded`; with
    `no_store` nothing of the content is kept at all. `digest` tells a repeated call from another one with the
    same key.
    """

    tool: str
    principal: str
    prompt: str
    digest: str
    project: str = ""
    thread: str | None = None
    files: tuple[str, ...] = ()
    threaded: bool = True
    no_store: bool = False
    idempotency_key: str | None = None

    @property
    def title(self) -> str:
        """The first line of the prompt, shortened for lists; nothing when nothing may be kept."""
        if self.no_store:
            return ""
        line = next((line.strip() for line in self.prompt.splitlines() if line.strip()), self.tool)
        return line if len(line) <= TITLE_CHARACTERS else f"{line[: TITLE_CHARACTERS - 1]}…"


def digest_of(tool: str, arguments: Mapping[str, Any]) -> str:
    """Return SHA-256 over a tool's name and its arguments, whatever their order, in hex."""
    return hashlib.sha256(orjson.dumps([tool, arguments], option=orjson.OPT_SORT_KEYS)).hexdigest()


Messages = Callable[[Model], Awaitable[tuple[Message, ...]]]
"""Makes the messages for one model; called again for the model that stands in, which may see more or less."""


class Ask(Struct, frozen=True):
    """One vendor call; `shown` says whether its text is streamed to the client and kept as it comes.

    `into` takes that text in place of the run, which calls that run side by side need. `stand_in` allows the
    other vendor's model, if it sees `media` (image, video, file), to answer when this one cannot.
    """

    model: Model
    messages: Messages
    effort: Effort | None = None
    max_output: int | None = None
    functions: tuple[Function, ...] = ()
    json_schema: Mapping[str, Any] | None = None
    conversation: str | None = None
    media: frozenset[str] = frozenset()
    shown: bool = True
    into: Callable[[str], None] | None = None
    stand_in: bool = True


class Answer(Struct, frozen=True):
    """What one vendor call brought; `cost` is nano-USD, `estimated` when the vendor told no usage."""

    text: str
    reasoning: str
    model: Model
    finish: str
    usage: Usage
    cost: int
    estimated: bool = False
    tool_calls: tuple[ToolCall, ...] = ()


class Outcome(Struct, frozen=True):
    """What a tool's script returns: the whole answer as text.

    `kept` is what the thread keeps as the assistant's turn, when that is not `text`, and `files` are ids of
    what belongs to it. `model` is None where no model said it. `notes` are sentences that belong below the
    answer. `structured` is set only where it holds the whole answer.
    """

    text: str
    model: Model | None
    reasoning: str | None = None
    kept: str | None = None
    partial: bool = False
    files: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    structured: Mapping[str, Any] | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
