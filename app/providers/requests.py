"""What is asked of a model, in words of ours; each vendor's dialect is made from it in one place."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

from msgspec import Struct

from app.providers.records import Effort, Model


class Media(Struct, frozen=True):
    """An image, a video or a document as its bytes; `media_type` as in a Content-Type header."""

    media_type: str
    content: bytes
    name: str = ""


class ToolCall(Struct, frozen=True):
    """A function the model wants called; `arguments` is the JSON text as it was streamed."""

    id: str
    name: str
    arguments: str


class Message(Struct, frozen=True):
    """One message of a conversation.

    `reasoning` is an assistant's, kept with its turn and given back where the model demands it; that of
    another vendor's model is left out by whoever puts the conversation together. `tool_call` is the id that
    a `tool` message answers.
    """

    role: Literal["system", "user", "assistant", "tool"]
    text: str
    reasoning: str | None = None
    media: tuple[Media, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call: str | None = None


class Function(Struct, frozen=True):
    """A function a model may call; `parameters` is a JSON Schema without references."""

    name: str
    description: str
    parameters: Mapping[str, Any]


Leave = Callable[[], Awaitable[int]]
"""Returns how many tokens the answer may have, once its money is held; raises what forbids the call."""


class Request(Struct, frozen=True):
    """One vendor call.

    `max_output` bounds answer and reasoning together, in tokens. `json_schema` asks for JSON, which the
    caller still validates. `conversation` groups calls whose prompts share a beginning, for the vendor's
    prompt cache; `user` is a digest of the principal, 6 to 128 characters. `id` is ours, 6 to 64 characters,
    and travels where the vendor takes one. `deadline` is when the caller gives up, on the clock of the
    running loop: no pause that would end later is begun.

    `leave` is awaited when everything else is ready and before a byte of the request leaves, at each attempt;
    what it returns bounds the answer in place of `max_output`. Without it the request may leave at once.
    """

    id: str
    model: Model
    messages: tuple[Message, ...]
    max_output: int
    effort: Effort | None = None
    functions: tuple[Function, ...] = ()
    json_schema: Mapping[str, Any] | None = None
    conversation: str | None = None
    user: str | None = None
    stop: tuple[str, ...] = ()
    deadline: float | None = None
    leave: Leave | None = None
