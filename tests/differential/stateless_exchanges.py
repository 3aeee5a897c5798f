"""Exchanges of revision 2026-07-28: the envelope in `_meta`, and the headers that repeat it."""

import base64
import random
from collections.abc import Iterator
from typing import Any

from tests.differential.exchange import HTTP, STREAM, Exchange, Headers, Step, each, encoded, request
from tests.differential.tool_exchanges import WRONG, random_measure

REVISION = "2026-07-28"
PREFIX = "io.modelcontextprotocol/"
VERSION, CAPABILITIES, INFO = f"{PREFIX}protocolVersion", f"{PREFIX}clientCapabilities", f"{PREFIX}clientInfo"
NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
ROUNDS = 30

Message = dict[str, Any]


def exchanges(chance: random.Random) -> Iterator[Exchange]:
    yield from _valid()
    yield from _metadata()
    yield from _methods(chance)
    yield from _headers()
    yield from _ids_and_envelopes()
    yield from _input()
    for _ in range(ROUNDS):
        yield one("arguments", _call("measure", random_measure(chance)))


def stateless(
    method: str, params: Message | None = None, request_id: Any = 1, meta: Message | None = None
) -> Message:
    """A request with its envelope; `...` takes a key of it away."""
    known: Message = {VERSION: REVISION, CAPABILITIES: {}, INFO: {"name": "differential", "version": "1"}}
    kept = {key: value for key, value in (known | (meta or {})).items() if value is not ...}
    return request(method, {**(params or {}), "_meta": kept}, request_id)


def _call(tool: Any, arguments: Any = None, meta: Message | None = None) -> Message:
    params = {"name": tool} if arguments is None else {"name": tool, "arguments": arguments}
    return stateless("tools/call", params, meta=meta)


def _mirrored(message: Any) -> Headers:
    """The headers a well-behaved client sends with a message."""
    if not isinstance(message, dict) or not isinstance(message.get("method"), str):
        return {"MCP-Protocol-Version": REVISION}
    method, params = message["method"], message.get("params")
    name = params.get(NAMED.get(method, "")) if isinstance(params, dict) else None
    named = {"Mcp-Name": name} if isinstance(name, str) else {}
    return {"MCP-Protocol-Version": REVISION, "Mcp-Method": method, **named}


def one(pattern: str, message: Any, headers: Headers | None = None, **more: Any) -> Exchange:
    step = Step(encoded(message), {**_mirrored(message), **(headers or {})})
    return Exchange(f"stateless/{pattern}", (step,), None, **more)


def _valid() -> Iterator[Exchange]:
    yield one("valid/discover", stateless("server/discover"))
    yield one("valid/tools-list", stateless("tools/list"))
    yield one("valid/echo", _call("echo", {"text": "héllo 世界"}))
    yield one("valid/structured", _call("add", {"steps": 1}))
    yield one("valid/progress", _call("count", {"steps": 2}, meta={"progressToken": "t"}))
    yield one("valid/tool-that-fails", _call("fails"))
    yield one("valid/tool-that-raises", _call("broken"))
    yield one("valid/unknown-tool", _call("no-such-tool", {}))
    yield one("valid/cursor-not-a-string", stateless("tools/list", {"cursor": 7}))
    held = Step(
        encoded(stateless("tools/call", {"name": "hold"}, "held", meta={"progressToken": "p"})), held=True
    )
    cancelled = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "held"}}
    again = Step(encoded(stateless("server/discover", None, "held")))
    yield Exchange("stateless/cancel", (held, Step(encoded(cancelled)), again), None, (STREAM,))


def _metadata() -> Iterator[Exchange]:
    for key, name in ((VERSION, "version"), (CAPABILITIES, "capabilities")):
        yield one(f"meta/no-{name}", stateless("tools/list", meta={key: ...}))
        for value in each(None, 7, [], True):
            yield one(f"meta/{name}-of-a-wrong-type", stateless("tools/list", meta={key: value}))
    yield one("meta/no-client-info", stateless("tools/list", meta={INFO: ...}))
    for value in each(None, 7, [], {}, {"name": "a"}):
        yield one("meta/client-info-of-a-wrong-type", stateless("tools/list", meta={INFO: value}))
    for version in ("2099-01-01", "nonsense", ""):
        headers = {"MCP-Protocol-Version": version}
        yield one("meta/unknown-version", stateless("tools/list", meta={VERSION: version}), headers)
    for version in ("2025-11-25", "2024-11-05"):
        headers = {"MCP-Protocol-Version": version}
        yield one("meta/handshake-version", stateless("tools/list", meta={VERSION: version}), headers)
    yield one("meta/no-params", request("tools/list"))
    yield one("meta/no-meta", request("tools/list", {}))
    for meta in each(7, [], "x", True):
        yield one("meta/not-an-object", request("tools/list", {"_meta": meta}))
    for level in ("debug", "emergency"):
        yield one("meta/log-level", stateless("tools/list", meta={f"{PREFIX}logLevel": level}))
    for token in each(1.5, [], {}):
        yield one("meta/not-a-progress-token", _call("count", {"steps": 1}, meta={"progressToken": token}))


def _methods(chance: random.Random) -> Iterator[Exchange]:
    letters = "abcdefghijklmnopqrstuvwxyz/"
    unknown = ["".join(chance.choices(letters, k=9)) for _ in range(5)]
    for method in [*unknown, "PING", "tools/List"]:
        yield one("method/unknown", stateless(method))
    for method in ("initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe",
                   "tasks/result", "tasks/list"):  # fmt: skip
        yield one("method/removed", stateless(method))
    for method in ("notifications/initialized", "notifications/cancelled", "notifications/nonsense"):
        yield one("method/notification-with-id", stateless(method))
        yield one("method/notification", {"jsonrpc": "2.0", "method": method, "params": {}})


def _headers() -> Iterator[Exchange]:
    echo = _call("echo", {"text": "a"})

    def post(pattern: str, headers: Headers, message: Message = echo) -> Exchange:
        return one(f"header/{pattern}", message, headers, transports=(HTTP,))

    yield post("version/absent", {"MCP-Protocol-Version": None})
    for version in ("2025-11-25", "2099-01-01", ""):
        yield post("version/another", {"MCP-Protocol-Version": version})
    yield post("method/absent", {"Mcp-Method": None})
    for method in ("tools/list", "Tools/Call", "", "tools/call, tools/call"):
        yield post("method/another", {"Mcp-Method": method})
    yield post("method/white-space", {"Mcp-Method": "  tools/call  "})
    yield post("name/absent", {"Mcp-Name": None})
    for name in ("add", "Echo", "", "=?base64?!!!?=", f"=?base64?{base64.b64encode(b'add').decode()}?="):
        yield post("name/another", {"Mcp-Name": name})
    yield post("name/encoded", {"Mcp-Name": f"=?base64?{base64.b64encode(b'echo').decode()}?="})
    yield post("name/white-space", {"Mcp-Name": " echo "})
    yield post("name/where-none-belongs", {"Mcp-Name": "x"}, stateless("tools/list"))
    yield post("session/present", {"Mcp-Session-Id": "nonsense"})
    yield post("parameter/unknown", {"Mcp-Param-Region": "eu"})
    for accept in ("application/json", "text/event-stream", "text/html"):
        yield post("accept/not-both", {"Accept": accept})
    yield post("accept/absent", {"Accept": None})
    yield post("accept/wildcards", {"Accept": "*/*"})
    yield post("content-type/other", {"Content-Type": "text/plain"})
    yield post("origin/foreign", {"Origin": "http://evil.example"})
    for method in ("GET", "DELETE", "PUT"):
        step = Step("", {"MCP-Protocol-Version": REVISION}, method)
        yield Exchange(f"stateless/http/{method}", (step,), None, (HTTP,))


def _ids_and_envelopes() -> Iterator[Exchange]:
    for request_id in each(0, -1, "", "ünï", 2**53):
        yield one("id/valid", stateless("server/discover", None, request_id))
    for request_id in each(None, 1.5, True, [], {}):
        yield one("id/not-an-id", stateless("server/discover", None, request_id))
    for version in each("1.0", 2, None):
        yield one("envelope/jsonrpc", stateless("server/discover") | {"jsonrpc": version})
    yield one("envelope/extra-members", stateless("server/discover") | {"extra": 1})
    yield one("envelope/batch", [stateless("server/discover")])
    yield one("envelope/stray-result", {"jsonrpc": "2.0", "id": 9, "result": {}})


def _input() -> Iterator[Exchange]:
    for responses in each(7, [], "x", {"a": 7}, {"a": []}):
        yield one("input/malformed-responses", _with("inputResponses", responses))
    yield one(
        "input/uncalled-for-responses", _with("inputResponses", {"a": {"action": "accept", "content": {}}})
    )
    for state in each(7, [], {}, True):
        yield one("input/state-not-a-string", _with("requestState", state))
    yield one("input/forged-state", _with("requestState", "nonsense"))
    for value in WRONG:
        kind = type(value).__name__
        yield one(f"arguments-is/{kind}", stateless("tools/call", {"name": "fails", "arguments": value}))


def _with(key: str, value: Any) -> Message:
    return stateless("tools/call", {"name": "fails", key: value})
