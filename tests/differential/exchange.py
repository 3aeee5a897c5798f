"""One exchange: what is sent, in which state of the connection, and over which transports."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

HTTP, STREAM = "http", "stream"
CURSOR = "<the last nextCursor>"
"""Stands for a cursor, which each server makes in its own way."""

Headers = Mapping[str, str | None]
"""Changes to a well-behaved client's headers: None takes one away."""


@dataclass(frozen=True)
class Step:
    """One message as raw text or bytes. `held`: it goes on while the next ones are sent."""

    body: str | bytes
    headers: Headers = field(default_factory=dict)
    method: str = "POST"
    held: bool = False


@dataclass(frozen=True)
class Exchange:
    """`pattern` says what is tried, as a path; `revision` is agreed on first, unless None."""

    pattern: str
    steps: tuple[Step, ...]
    revision: str | None = "2025-11-25"
    transports: tuple[str, ...] = (HTTP, STREAM)

    def __str__(self) -> str:
        shown = " ; ".join(
            f"{step.method if step.method != 'POST' else ''}{dict(step.headers) or ''}{step.body!r:.200}"
            for step in self.steps
        )
        return f"{self.pattern} @{self.revision}: {shown}"


def each(*values: Any) -> tuple[Any, ...]:
    """Values of any types, to be tried one after the other."""
    return values


def encoded(message: Any) -> str:
    return json.dumps(message, ensure_ascii=False)


def request(method: Any, params: Any = None, request_id: Any = 1) -> dict[str, Any]:
    message: dict[str, Any] = {"jsonrpc": "2.0", "id": request_id, "method": method}
    return message if params is None else message | {"params": params}


def call(tool: Any, arguments: Any = None, request_id: Any = 1, **more: Any) -> dict[str, Any]:
    params = {"name": tool} if arguments is None else {"name": tool, "arguments": arguments}
    return request("tools/call", params | more, request_id)


def initialize(revision: Any, request_id: Any = 1, **changes: Any) -> dict[str, Any]:
    params = {
        "protocolVersion": revision,
        "capabilities": {},
        "clientInfo": {"name": "differential", "version": "1"},
    }
    changed = {key: value for key, value in (params | changes).items() if value is not ...}
    return request("initialize", changed, request_id)


INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}
