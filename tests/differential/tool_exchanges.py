"""Exchanges about `tools/call`: its parameters, and arguments made to fit the schema or to miss it."""

import random
from collections.abc import Iterator
from typing import Any

from tests.differential.exchange import Exchange, Step, call, each, encoded, request

WRONG: tuple[Any, ...] = (None, True, 7, -1.5, "text", "7", [], [1], {}, {"a": 1})
"""Values of every JSON type, and a number in quotes."""

ROUNDS = 60


def exchanges(chance: random.Random) -> Iterator[Exchange]:
    yield from _params()
    yield from _arguments()
    for _ in range(ROUNDS):
        yield _one("arguments/random", call("measure", random_measure(chance)))


def _one(pattern: str, message: Any) -> Exchange:
    return Exchange(pattern, (Step(encoded(message)),))


def _params() -> Iterator[Exchange]:
    for name in ("no-such-tool", "", "Echo", "echo "):
        yield _one("call/unknown-tool", call(name, {}))
    for name in each(None, 7, True, [], ["echo"], {}):
        yield _one("call/name-not-a-string", call(name, {}))
    yield _one("call/no-name", request("tools/call", {"arguments": {}}))
    yield _one("call/no-params", request("tools/call"))
    for arguments in each(7, "text", True, [], [1]):
        yield _one("call/arguments-not-an-object", call("fails", arguments))
    yield _one("call/arguments-null", request("tools/call", {"name": "fails", "arguments": None}))
    yield _one("call/extra-params", call("fails", {}, extra=1))
    for meta in each(7, "text", [], True):
        yield _one("call/meta-not-an-object", call("fails", {}, _meta=meta))
    yield _one("call/meta-null", call("fails", {}, _meta=None))
    yield _one("call/meta-unknown-keys", call("fails", {}, _meta={"a.b/c": 1, "d": {}}))
    for token in each(1, 0, -5, "", "t"):
        yield _one("call/progress-token", call("count", {"steps": 1}, _meta={"progressToken": token}))
    for token in each(1.5, True, [], {}):
        yield _one(
            f"call/not-a-progress-token/{type(token).__name__}",
            call("count", {"steps": 1}, _meta={"progressToken": token}),
        )
    yield _one("call/progress-token-null", call("count", {"steps": 1}, _meta={"progressToken": None}))


def _arguments() -> Iterator[Exchange]:
    for value in WRONG:
        kind = "string-of-digits" if value == "7" else type(value).__name__
        yield _one(f"arguments/text-is-{kind}", call("echo", {"text": value}))
        yield _one(f"arguments/manner-is-{kind}", call("echo", {"text": "a", "manner": value}))
        yield _one(f"arguments/steps-is-{kind}", call("add", {"steps": value}))
        yield _one(
            f"arguments/exact-is-{kind}", call("measure", {"points": [{"x": 1, "y": 2}], "exact": value})
        )
        yield _one(f"arguments/x-is-{kind}", call("measure", {"points": [{"x": value, "y": 2}]}))
        yield _one(f"arguments/points-is-{kind}", call("measure", {"points": value}))
    yield _one("arguments/missing", call("echo", {}))
    yield _one("arguments/absent", call("echo"))
    yield _one("arguments/extra", call("echo", {"text": "a", "more": 1}))
    yield _one("arguments/extra-where-allowed", call("fails", {"more": 1}))
    yield _one("arguments/whole-float", call("add", {"steps": 2.0}))
    yield _one("arguments/fraction", call("add", {"steps": 2.5}))
    for steps in each(-1, 6, 2**70):
        yield _one("arguments/out-of-bounds", call("add", {"steps": steps}))


def random_measure(chance: random.Random) -> dict[str, Any]:
    """Arguments for `measure` that fit or miss by a detail; booleans and numbers only where they belong."""
    points = [
        {"x": chance.uniform(-9, 9), "y": chance.randrange(-9, 9)} for _ in range(chance.randrange(0, 6))
    ]
    arguments: dict[str, Any] = {"points": points}
    if chance.random() < 0.5:
        arguments["scale"] = chance.randrange(-2, 14)
    if chance.random() < 0.5:
        arguments["exact"] = chance.random() < 0.5
    if chance.random() < 0.5:
        arguments["note"] = chance.choice([None, "n" * chance.randrange(0, 12)])
    if chance.random() < 0.2:
        arguments[chance.choice(["", "Scale", "points ", "__proto__"])] = 1
    if points and chance.random() < 0.2:
        del points[0][chance.choice(["x", "y"])]
    return arguments
