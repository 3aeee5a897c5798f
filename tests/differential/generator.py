"""Several hundred exchanges from one seed, each kind with a pattern that names it."""

import random
from collections.abc import Iterator
from typing import Any

from tests.differential import feature_exchanges, header_exchanges, stateless_exchanges, tool_exchanges
from tests.differential.exchange import (
    CURSOR,
    HTTP,
    INITIALIZED,
    Exchange,
    Step,
    call,
    each,
    encoded,
    initialize,
    request,
)

SEED = 20251125
HANDSHAKE = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
STATELESS = "2026-07-28"

NOT_OFFERED = (
    "tasks/get",
    "tasks/list",
    "tasks/cancel",
    "tasks/result",
    "tasks/update",
    "subscriptions/listen",
)
"""Methods that neither of the two servers has in the handshake era."""

NOT_AN_ID: tuple[Any, ...] = (None, 1.5, -0.25, True, False, [], [1], {}, {"a": 1})
NOT_A_METHOD: tuple[Any, ...] = (None, 7, True, [], {}, ["ping"])
NOT_PARAMS: tuple[Any, ...] = ("x", 7, True, [], [1], 1.5)
NOT_A_VERSION: tuple[Any, ...] = (None, "1.0", 2.0, 2, "", "2.1", [], ...)


def exchanges() -> list[Exchange]:
    """Return all of them, always the same."""
    chance = random.Random(SEED)  # noqa: S311 - repeatability is the point
    parts = (
        _valid, _ids, _envelopes, _not_objects, _not_json, _methods, _lifecycle, _initialize, _batches,
        _cancellations, _cursors,
        tool_exchanges.exchanges, feature_exchanges.exchanges, header_exchanges.exchanges,
        stateless_exchanges.exchanges,
    )  # fmt: skip
    return [exchange for part in parts for exchange in part(chance)]


def _one(pattern: str, message: Any, revision: str | None = "2025-11-25", **more: Any) -> Exchange:
    body = message if isinstance(message, str | bytes) else encoded(message)
    return Exchange(pattern, (Step(body),), revision, **more)


def _valid(_chance: random.Random) -> Iterator[Exchange]:
    for revision in HANDSHAKE:
        yield _one("valid/ping", request("ping"), revision)
        yield _one("valid/ping-with-params", request("ping", {"_meta": {"a": 1}}), revision)
        yield _one("valid/tools-list", request("tools/list"), revision)
        yield _one("valid/echo", call("echo", {"text": "héllo 世界"}), revision)
        yield _one("valid/structured", call("add", {"steps": 1}), revision)
        yield _one("valid/progress", call("count", {"steps": 2}, _meta={"progressToken": "t"}), revision)
        yield _one("valid/tool-that-fails", call("fails"), revision)
        yield _one("valid/tool-that-raises", call("broken"), revision)
        yield _one("valid/notification", {"jsonrpc": "2.0", "method": "notifications/unheard-of"}, revision)


def _ids(chance: random.Random) -> Iterator[Exchange]:
    ids = [0, -1, 2**31, 2**53, "", "a", "1", " ", "ünï", "x" * 300, "null", "\u0000"]
    ids += [chance.randrange(-(10**6), 10**6) for _ in range(6)]
    for request_id in ids:
        yield _one("id/valid", request("ping", request_id=request_id))
        yield _one("id/valid-call", call("echo", {"text": "a"}, request_id))
    yield _one("id/beyond-64-bits", request("ping", request_id=2**70))
    yield _one("id/whole-float", '{"jsonrpc":"2.0","id":1.0,"method":"ping"}')
    for request_id in NOT_AN_ID:
        kind = type(request_id).__name__
        yield _one(f"id/not-an-id/{kind}", request("ping", request_id=request_id))
        yield _one(f"id/not-an-id/{kind}", call("echo", {"text": "a"}, request_id))


def _envelopes(_chance: random.Random) -> Iterator[Exchange]:
    for version in NOT_A_VERSION:
        message = request("ping") | {"jsonrpc": version}
        if version is ...:
            del message["jsonrpc"]
        yield _one("envelope/jsonrpc", message)
    for method in NOT_A_METHOD:
        yield _one("envelope/method", request(method))
    for params in NOT_PARAMS:
        kind = type(params).__name__
        yield _one(f"envelope/params/{kind}", request("ping", params))
        yield _one(f"envelope/params/{kind}", request("tools/list", params))
        yield _one(
            f"envelope/notification-params/{kind}",
            {"jsonrpc": "2.0", "method": "notifications/x", "params": params},
        )
    yield _one("envelope/null-params", {"jsonrpc": "2.0", "id": 1, "method": "ping", "params": None})
    yield _one("envelope/extra-members", request("ping") | {"extra": 1, "id2": 2})
    yield _one("envelope/id-only", {"jsonrpc": "2.0", "id": 1})
    yield _one("envelope/empty-object", {})
    yield _one("envelope/version-only", {"jsonrpc": "2.0"})
    yield _one("envelope/stray-result", {"jsonrpc": "2.0", "id": 9, "result": {}})
    yield _one("envelope/stray-error", {"jsonrpc": "2.0", "id": 9, "error": {"code": 1, "message": "no"}})
    yield _one("envelope/error-without-id", {"jsonrpc": "2.0", "error": {"code": 1, "message": "no"}})
    yield _one("envelope/broken-error", {"jsonrpc": "2.0", "id": 9, "error": "no"})
    yield _one("envelope/result-and-method", request("ping") | {"result": {}})


def _not_objects(_chance: random.Random) -> Iterator[Exchange]:
    for value in each("text", 7, 1.5, True, None):
        yield _one("not-an-object", encoded(value))


def _not_json(chance: random.Random) -> Iterator[Exchange]:
    whole = encoded(call("echo", {"text": "hello"}))
    for cut in sorted(chance.sample(range(1, len(whole)), 12)):
        yield _one("not-json/cut", whole[:cut])
    for text in each(
        "garbage", "{", "}", "[", "[1,", "{'a':1}", whole + ",", whole.replace('"hello"', "NaN")
    ):
        yield _one("not-json/garbage", text)
    yield _one("not-json/two-messages", whole + whole)
    yield _one("not-json/empty", "", transports=(HTTP,))
    yield _one("not-json/broken-utf-8", whole.encode().replace(b"hello", b"\xff\xfe"), transports=(HTTP,))
    yield _one("json/byte-order-mark", "\ufeff" + whole)
    yield _one("json/white-space", f" {whole.replace(',', ' , ')} ")
    yield _one("json/repeated-member", '{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}')
    yield _one("json/lone-surrogate", '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"\\ud800"}}')
    yield _one("json/deep", request("ping", {"a": _nested(40)}))
    yield _one(
        "json/very-deep",
        f'{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"a":{"[" * 3000}{"]" * 3000}}}}}',
    )


def _nested(depth: int) -> Any:
    return [] if depth == 0 else [_nested(depth - 1)]


def _methods(chance: random.Random) -> Iterator[Exchange]:
    letters = "abcdefghijklmnopqrstuvwxyz/_-."
    unknown = ["".join(chance.choices(letters, k=chance.randrange(1, 20))) for _ in range(12)]
    for method in [*unknown, "", "PING", "tools/List", "rpc.discover", "initialize ", "server/discover"]:
        yield _one("method/unknown", request(method))
    for method in NOT_OFFERED:
        yield _one("method/not-offered", request(method, {}))
    for method in ("sampling/createMessage", "elicitation/create", "roots/list"):
        yield _one("method/of-the-client", request(method, {}))
    for method in ("notifications/initialized", "notifications/cancelled", "notifications/nonsense"):
        yield _one("method/notification-with-id", request(method, {}))
    for method in ("ping", "tools/list", "tools/call", "nonsense"):
        yield _one("method/request-without-id", {"jsonrpc": "2.0", "method": method, "params": {}})


def _lifecycle(_chance: random.Random) -> Iterator[Exchange]:
    for message in each(request("tools/list"), call("echo", {"text": "a"}), request("nonsense")):
        yield _one("lifecycle/before-initialize", message, None)
    yield _one("lifecycle/ping-before-initialize", request("ping"), None)
    yield _one("lifecycle/notification-before-initialize", INITIALIZED, None)
    for revision in HANDSHAKE:
        yield _one("lifecycle/second-initialize", initialize(revision, 2), revision)
    yield Exchange(
        "lifecycle/call-without-initialized",
        (Step(encoded(initialize("2025-11-25"))), Step(encoded(call("echo", {"text": "a"}, 2)))),
        None,
    )


def _initialize(_chance: random.Random) -> Iterator[Exchange]:
    for revision in each(*HANDSHAKE, STATELESS, "2023-01-01", "9999-12-31", "latest", ""):
        kind = "known" if revision in HANDSHAKE else "unknown"
        yield _one(f"initialize/{kind}-revision", initialize(revision), None)
    for revision in each(None, 7, [], {}, ...):
        yield _one("initialize/not-a-revision", initialize(revision), None)
    for value in each(None, 7, [], "x", ...):
        yield _one("initialize/not-capabilities", initialize("2025-11-25", capabilities=value), None)
    for value in each(None, 7, [], "x", {}, {"name": "a"}, {"name": 1, "version": "1"}, ...):
        yield _one("initialize/not-client-info", initialize("2025-11-25", clientInfo=value), None)
    for capabilities in each(
        {"roots": {"listChanged": True}},
        {"sampling": {}, "elicitation": {}},
        {"new": {"a": 1}},
    ):
        yield _one("initialize/capabilities", initialize("2025-11-25", capabilities=capabilities), None)
    for capabilities in each({"roots": 7}, {"sampling": []}):
        yield _one(
            "initialize/broken-capabilities", initialize("2025-11-25", capabilities=capabilities), None
        )
    yield _one("initialize/no-params", request("initialize"), None)
    yield _one("initialize/as-notification", {"jsonrpc": "2.0", "method": "initialize", "params": {}}, None)


def _batches(_chance: random.Random) -> Iterator[Exchange]:
    echo, ping = call("echo", {"text": "b"}, "b1"), request("ping", request_id="b2")
    for revision in HANDSHAKE:
        era = "2025-03-26" if revision == "2025-03-26" else "other"
        yield _one(f"batch/{era}/requests", [echo, ping], revision)
        yield _one(f"batch/{era}/one", [ping], revision)
        yield _one(f"batch/{era}/notifications", [INITIALIZED, INITIALIZED], revision)
        yield _one(f"batch/{era}/mixed", [echo, INITIALIZED, 7, request("ping", request_id=None)], revision)
        yield _one(f"batch/{era}/empty", [], revision)
        yield _one(f"batch/{era}/nested", [[ping]], revision)
    yield _one("batch/initialize", [initialize("2025-03-26")], None)


def _cancellations(_chance: random.Random) -> Iterator[Exchange]:
    held = Step(encoded(call("hold", {}, "held", _meta={"progressToken": "p"})), held=True)
    after = Step(encoded(request("ping", request_id="held")))
    for reason in each({}, {"reason": "changed my mind"}):
        yield Exchange("cancel/running", (held, Step(_cancelled({"requestId": "held"} | reason)), after))
    for params in each({"requestId": "never-was"}, {"requestId": 7}):
        yield Exchange("cancel/unknown", (Step(_cancelled(params)), after))
    for params in each(
        {},
        {"requestId": None},
        {"requestId": [1]},
        {"requestId": 1.5},
        {"requestId": "a", "reason": 7},
    ):
        yield Exchange("cancel/malformed", (Step(_cancelled(params)), after))
    done = Step(encoded(call("echo", {"text": "a"}, "done")))
    yield Exchange("cancel/finished", (done, Step(_cancelled({"requestId": "done"})), after))


def _cancelled(params: Any) -> str:
    return encoded({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params})


def _cursors(_chance: random.Random) -> Iterator[Exchange]:
    first = Step(encoded(request("tools/list")))
    second = Step(encoded(request("tools/list", {"cursor": CURSOR}, 2)))
    for revision in HANDSHAKE:
        yield Exchange("cursor/next-page", (first, second), revision)
    for cursor in each(7, [], {}, True, 1.5):
        yield _one("cursor/not-a-string", request("tools/list", {"cursor": cursor}))
    yield _one("cursor/null", request("tools/list", {"cursor": None}))
