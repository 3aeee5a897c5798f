"""The tools of a server: listed per revision, arguments checked by validators built once."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, Self

import orjson
from msgspec import Struct
from pydantic import ValidationError
from pydantic_core import SchemaValidator

from app.protocol.admission import Admission
from app.protocol.call import Call
from app.protocol.errors import InvalidParams
from app.protocol.pages import PAGE_SIZE, Pages
from app.protocol.revisions import Revision
from app.protocol.schemas import faults, schema_of
from app.protocol.strictness import Numbers, misplaced_boolean, numbers_in
from app.protocol.tools import Tool, ToolResult, text


class Mirror(Struct, frozen=True):
    """An argument that HTTP clients repeat in a header, by `x-mcp-header` in its schema."""

    path: tuple[str, ...]
    header: str
    kind: str


class _Entry(Struct, frozen=True):
    """A tool, what its arguments are checked with, and what is said of them."""

    tool: Tool[Any]
    validator: SchemaValidator
    numbers: Numbers | None
    schema: dict[str, Any]
    mirrors: tuple[Mirror, ...]

    @classmethod
    def of(cls, tool: Tool[Any]) -> Self:
        """Build them, which takes some milliseconds."""
        tool.arguments.model_rebuild()
        taken = schema_of(tool.arguments)
        schema = taken if tool.input_schema is None else tool.input_schema
        validator = tool.arguments.__pydantic_validator__
        return cls(tool, validator, numbers_in(taken), schema, tuple(_mirrors(schema)))

    def check(self, arguments: Any) -> Any:
        """Return the arguments as the handler takes them, or a `ToolResult` that says why they do not fit.

        Raises:
            InvalidParams: they are not an object.
        """
        if arguments is None:
            arguments = {}
        elif type(arguments) is not dict:
            raise InvalidParams("'arguments' must be an object.")
        if self.numbers is not None:
            misplaced = misplaced_boolean(arguments, self.numbers)
            if misplaced is not None:
                return _misfit(self.tool, f"'{misplaced}': Input should be a valid number")
        try:
            return self.validator.validate_python(arguments)
        except ValidationError as error:
            return _misfit(self.tool, faults(error))


class ToolTable:
    """Lists and calls tools; the order is the one they were given in, for every client."""

    def __init__(
        self, tools: Sequence[Tool[Any]], admission: Admission | None = None, page_size: int = PAGE_SIZE
    ) -> None:
        self._admission = admission
        self._page_size = page_size
        self._tools: dict[str, Tool[Any]] = {}
        for tool in tools:
            if tool.name in self._tools:
                raise ValueError(f"Two tools are named '{tool.name}'; a name must be unique.")
            self._tools[tool.name] = tool
        # Built when first asked for: all of them at once are a tenth of what a server needs to start.
        self._entries: dict[str, _Entry] = {}
        self._pages: dict[str, Pages] = {}

    def list(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Answer `tools/list`; a client is shown the tools it may call."""
        pages = self._pages.get(call.revision.version) or self._listed(call.revision)
        page = pages.at(params.get("cursor"))
        shown = None if self._admission is None else self._admission.tools(call.principal)
        if shown is None:
            return page
        return page | {"tools": [tool for tool in page["tools"] if tool["name"] in shown]}

    def mirrors(self, name: object) -> tuple[Mirror, ...]:
        """Return what a tool wants mirrored in headers; nothing of a tool that is not there."""
        return self._find(name).mirrors if isinstance(name, str) and name in self._tools else ()

    async def call(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Answer `tools/call`.

        Wrong arguments are an answer, not a protocol error, so that the model can mend them
        (SEP-1303, specification 2025-11-25).

        Raises:
            InvalidParams: there is no such tool, or `arguments` is not an object.
        """
        entry = self._find(params.get("name"))
        tool = entry.tool
        if self._admission is not None:
            waiting = self._admission.admit(call.principal, tool.name)
            refusal = None if waiting is None else await waiting
            if refusal is not None:
                return {"content": refusal.content, "isError": refusal.is_error}
        checked = entry.check(params.get("arguments"))
        if type(checked) is ToolResult:
            return {"content": checked.content, "isError": True}
        try:
            result: ToolResult = await tool.handler(call, checked)
        except asyncio.CancelledError:
            if call.stopped is None:
                raise
            result = _error(f"Tool '{tool.name}' was stopped because {call.stopped}.")
        answer: dict[str, Any] = {"content": result.content, "isError": result.is_error}
        structured = result.structured
        if structured is not None:
            if not result.content:
                answer["content"] = [text(orjson.dumps(structured).decode())]
            if call.revision.structured:
                answer["structuredContent"] = structured
        elif tool.output is not None and not result.is_error:
            raise _unstructured(tool)
        if result.meta is not None:
            answer["_meta"] = result.meta
        return answer

    async def run(self, call: Call, name: str, arguments: dict[str, Any]) -> ToolResult:
        """Run a tool for this process itself: whoever may call it, and however often.

        Raises:
            InvalidParams: there is no such tool.
        """
        entry = self._find(name)
        checked = entry.check(arguments)
        if type(checked) is ToolResult:
            return checked
        result = await entry.tool.handler(call, checked)
        if entry.tool.output is not None and result.structured is None and not result.is_error:
            raise _unstructured(entry.tool)
        return result

    def _find(self, name: object) -> "_Entry":
        entry = self._entries.get(name) if type(name) is str else None
        return self._prepared(name) if entry is None else entry

    def _prepared(self, name: object) -> "_Entry":
        tool = self._tools.get(name) if isinstance(name, str) else None
        if tool is None:
            raise InvalidParams(f"Unknown tool: {name!r:.80}; tools/list names those there are.")
        entry = self._entries[tool.name] = _Entry.of(tool)
        return entry

    def _listed(self, revision: Revision) -> Pages:
        tools = [_listing(self._find(name), revision) for name in self._tools]
        pages = self._pages[revision.version] = Pages("tools", tools, self._page_size)
        return pages


def _mirrors(schema: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[Mirror]:
    """Walk the plain properties: an annotation anywhere else would be invalid."""
    for name, part in schema.get("properties", {}).items():
        if "x-mcp-header" in part:
            yield Mirror((*path, name), part["x-mcp-header"], part["type"])
        yield from _mirrors(part, (*path, name))


def _misfit(tool: Tool[Any], fault: str) -> ToolResult:
    return _error(f"Tool '{tool.name}' was not run because its arguments do not fit: {fault}.")


def _unstructured(tool: Tool[Any]) -> TypeError:
    return TypeError(f"tool '{tool.name}' declares an output but returned no structured result")


def _error(sentence: str) -> ToolResult:
    return ToolResult([text(sentence)], is_error=True)


def _listing(entry: _Entry, revision: Revision) -> dict[str, Any]:
    """Write down a tool as one revision lists it."""
    tool = entry.tool
    listed: dict[str, Any] = {"name": tool.name}
    if revision.structured:
        listed["title"] = tool.title
    listed["description"] = tool.description
    listed["inputSchema"] = entry.schema
    if tool.output is not None and revision.structured:
        listed["outputSchema"] = schema_of(tool.output, "serialization")
    if tool.annotations is not None and revision.annotations:
        listed["annotations"] = tool.annotations
    return listed
