"""What a tool is, what it is given, and what it answers.

A tool is a name, a pydantic model of its arguments and an async handler. The core validates the
arguments once, calls the handler, and turns the result into the shape of the revision spoken.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from msgspec import Struct
from pydantic import BaseModel

from app.protocol.call import Call

A = TypeVar("A", bound=BaseModel)

__all__ = ["Call", "Tool", "ToolResult", "text"]


class ToolResult(Struct):
    """What a tool answers (specification: server/tools, "Tool Result").

    `content` is a list of content blocks as they go on the wire, for instance `text("…")`.
    With `structured` set and `content` empty, the core adds the same JSON as one text block for
    clients that show the model only text. `meta` becomes `_meta`. `is_error` says that the tool
    ran and failed, in words the model can act on.
    """

    content: list[dict[str, Any]]
    structured: dict[str, Any] | None = None
    is_error: bool = False
    meta: dict[str, Any] | None = None


class Tool(Struct, Generic[A], frozen=True):
    """One tool: `handler` is called with the call it serves and the validated arguments.

    `output` describes `ToolResult.structured` and becomes `outputSchema`; a handler of such a tool
    must set `structured` unless it answers with `is_error`. `annotations` are the specification's
    hints (`readOnlyHint`, `destructiveHint`, `idempotentHint`, `openWorldHint`).
    """

    name: str
    title: str
    description: str
    arguments: type[A]
    handler: Callable[[Call, A], Awaitable[ToolResult]]
    output: type[BaseModel] | None = None
    annotations: dict[str, bool] | None = None
    input_schema: dict[str, Any] | None = None
    """Listed as it is in place of the schema of `arguments`, for what pydantic cannot express."""


def text(value: str) -> dict[str, Any]:
    """Build a text content block."""
    return {"type": "text", "text": value}
