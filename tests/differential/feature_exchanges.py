"""Exchanges about prompts, resources, completion and logging, in both eras."""

import random
from collections.abc import Callable, Iterator
from typing import Any

from tests.differential.exchange import Exchange, Step, each, encoded, request
from tests.differential.stateless_exchanges import one, stateless

HANDSHAKE = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
LISTS = ("prompts/list", "resources/list", "resources/templates/list")
REFERENCE = {"type": "ref/prompt", "name": "greet"}
ARGUMENT = {"name": "name", "value": "par"}

Sender = Callable[[str, str, dict[str, Any]], Exchange]


def exchanges(_chance: random.Random) -> Iterator[Exchange]:
    for send in (_handshake, _stateless):
        yield from _prompts(send)
        yield from _resources(send)
        yield from _completions(send)
    yield from _lists_by_revision()
    yield from _sessions()


def _handshake(pattern: str, method: str, params: dict[str, Any]) -> Exchange:
    return Exchange(pattern, (Step(encoded(request(method, params))),))


def _stateless(pattern: str, method: str, params: dict[str, Any]) -> Exchange:
    return one(pattern, stateless(method, params))


def _prompts(send: Sender) -> Iterator[Exchange]:
    for arguments in each({"name": "Ada"}, {"name": "Ada", "manner": "brief"}, {"name": "Ada", "more": "x"}):
        yield send("prompt/valid", "prompts/get", {"name": "greet", "arguments": arguments})
    yield send("prompt/no-arguments", "prompts/get", {"name": "plain"})
    yield send("prompt/null-arguments", "prompts/get", {"name": "plain", "arguments": None})
    for arguments in each({}, {"manner": "brief"}):
        yield send("prompt/missing-argument", "prompts/get", {"name": "greet", "arguments": arguments})
    for value in each(None, 7, True, [], {}):
        yield send(
            "prompt/argument-not-a-string", "prompts/get", {"name": "greet", "arguments": {"name": value}}
        )
    for value in each(None, 7, True, [], {}):
        yield send(
            "prompt/extra-not-a-string", "prompts/get", {"name": "plain", "arguments": {"more": value}}
        )
    for arguments in each(7, "x", [], True):
        yield send("prompt/arguments-not-an-object", "prompts/get", {"name": "plain", "arguments": arguments})
    for name in each("nobody", "", "Greet"):
        yield send("prompt/unknown", "prompts/get", {"name": name})
    for name in each(None, 7, [], {}):
        yield send("prompt/name-not-a-string", "prompts/get", {"name": name})
    yield send("prompt/no-name", "prompts/get", {})


def _resources(send: Sender) -> Iterator[Exchange]:
    for uri in ("memo://one", "memo://raw", "memo://pages/7", "memo://pages/a%20b"):
        yield send("resource/valid", "resources/read", {"uri": uri})
    for uri in (
        "memo://two",
        "memo://pages",
        "memo://pages/",
        "memo://pages/7/8",
        "MEMO://one",
        "",
        "one",
        "no scheme",
    ):
        yield send("resource/unknown", "resources/read", {"uri": uri})
    for uri in each(None, 7, True, [], {}):
        yield send("resource/uri-not-a-string", "resources/read", {"uri": uri})
    yield send("resource/no-uri", "resources/read", {})


def _completions(send: Sender) -> Iterator[Exchange]:
    complete = "completion/complete"
    for value in ("par", "", "zzz", "ü"):
        yield send(
            "completion/valid", complete, {"ref": REFERENCE, "argument": {"name": "name", "value": value}}
        )
    template = {"type": "ref/resource", "uri": "memo://pages/{number}"}
    yield send("completion/template", complete, {"ref": template, "argument": ARGUMENT})
    filled = {"arguments": {"manner": "brief"}}
    yield send("completion/context", complete, {"ref": REFERENCE, "argument": ARGUMENT, "context": filled})
    for context in each(7, [], {"arguments": 7}, {"arguments": {"a": 7}}):
        yield send(
            "completion/not-a-context", complete, {"ref": REFERENCE, "argument": ARGUMENT, "context": context}
        )
    for reference in each(
        None, 7, {}, {"type": "ref/other"}, {"type": "ref/prompt"}, {"type": "ref/prompt", "name": 7}
    ):
        yield send("completion/not-a-reference", complete, {"ref": reference, "argument": ARGUMENT})
    for argument in each(
        None,
        7,
        {},
        {"name": "name"},
        {"value": "par"},
        {"name": 7, "value": "par"},
        {"name": "name", "value": 7},
    ):
        yield send("completion/not-an-argument", complete, {"ref": REFERENCE, "argument": argument})
    yield send("completion/no-params", complete, {})


def _lists_by_revision() -> Iterator[Exchange]:
    for method in LISTS:
        for revision in HANDSHAKE:
            yield Exchange(f"list/{method}", (Step(encoded(request(method))),), revision)
        yield _stateless(f"list/{method}", method, {})
        for cursor in each(7, [], True):
            yield _handshake("list/cursor-not-a-string", method, {"cursor": cursor})
            yield _stateless("list/cursor-not-a-string", method, {"cursor": cursor})


def _sessions() -> Iterator[Exchange]:
    """What only the handshake era has."""
    for level in ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"):
        yield _handshake("level/valid", "logging/setLevel", {"level": level})
    for level in each("verbose", "INFO", "", None, 7, []):
        yield _handshake("level/invalid", "logging/setLevel", {"level": level})
    yield _handshake("level/no-params", "logging/setLevel", {})
    for method in ("resources/subscribe", "resources/unsubscribe"):
        yield _handshake(f"watch/{method}", method, {"uri": "memo://one"})
        for uri in each(None, 7, []):
            yield _handshake("watch/uri-not-a-string", method, {"uri": uri})
        yield _handshake("watch/no-uri", method, {})
    yield _handshake("watch/unknown", "resources/subscribe", {"uri": "memo://nowhere"})
