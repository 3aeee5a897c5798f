"""The pieces of a streamed answer, with usage in whichever of its places a script wants it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from demo import tokens
from demo.bill import Row
from demo.faults import Script
from demo.wit import Said

CREATED = 1_790_000_000
_ENDINGS = {
    "thought-only": "length",
    "sensitive": "sensitive",
    "network-error": "network_error",
    "network-error-mid": "network_error",
    "context-window": "model_context_window_exceeded",
    "context-window-mid": "model_context_window_exceeded",
}
_SILENT = {"empty", "thought-only", "network-error", "context-window"}
"""Endings that no text comes before."""
CALL_PIECE = 7
"""Characters of a function's arguments in one piece."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One SSE event's data, and how many tokens the vendor generated for it."""

    data: str
    reasoning: int = 0
    output: int = 0


def pieces(vendor: str, row: Row, said: Said, script: Script, most: int) -> Iterator[Piece]:
    """Yield the events of an answer, at most `most` tokens long, up to but not including `[DONE]`."""
    thought, spoken = tokens.split(said.reasoning), tokens.split(_decorated(said.text, script))
    if script.faults & _SILENT:
        spoken = []
    cut_off = len(thought) + len(spoken) > most
    thought = thought[:most]
    spoken = spoken[: most - len(thought)]
    yield Piece(chunk(row, {"role": "assistant", "content": ""}))
    for text in thought:
        yield Piece(chunk(row, {"reasoning_content": text}), reasoning=1)
    for text in spoken:
        yield Piece(chunk(row, {"content": text}), output=1)
    for index, (name, arguments) in enumerate(said.calls):
        yield from _call(row, index, name, arguments)
    ending = next((_ENDINGS[name] for name in _ENDINGS if name in script.faults), None)
    finish = ending or ("length" if cut_off else "tool_calls" if said.calls else "stop")
    row.reasoning, row.output = len(thought), len(thought) + len(spoken) + _arguments(said)
    yield from _last(vendor, row, script, finish)


def whole(vendor: str, row: Row, said: Said, script: Script, most: int) -> dict[str, Any]:
    """Return the answer that is not streamed."""
    del script
    thought, spoken = tokens.split(said.reasoning)[:most], tokens.split(said.text)
    spoken = spoken[: most - len(thought)]
    row.reasoning, row.output = len(thought), len(thought) + len(spoken) + _arguments(said)
    message: dict[str, Any] = {
        "role": "assistant",
        "content": "".join(spoken),
        "reasoning_content": "".join(thought),
    }
    if said.calls:
        message["tool_calls"] = [_function(row, index, *call) for index, call in enumerate(said.calls)]
    finish = "tool_calls" if said.calls else "stop"
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return _base(row) | {"object": "chat.completion", "choices": [choice], "usage": usage(vendor, row)}


def usage(vendor: str, row: Row) -> dict[str, Any]:
    """Return the usage as the vendor words it: cached tokens at the top (Kimi) or in the details (GLM)."""
    counted: dict[str, Any] = {
        "prompt_tokens": row.input,
        "completion_tokens": row.output,
        "total_tokens": row.input + row.output,
        "completion_tokens_details": {"reasoning_tokens": row.reasoning},
    }
    cached = {"cached_tokens": row.cached}
    return counted | (cached if vendor == "kimi" else {"prompt_tokens_details": cached})


def _last(vendor: str, row: Row, script: Script, finish: str) -> Iterator[Piece]:
    counted = usage(vendor, row)
    if "usage-top-cached" in script.faults:
        counted = {**counted, "cached_tokens": row.cached}
        counted.pop("prompt_tokens_details", None)
    if "usage-details-cached" in script.faults:
        counted = {**counted, "prompt_tokens_details": {"cached_tokens": row.cached}}
        counted.pop("cached_tokens", None)
    in_choice = "usage-in-choice" in script.faults
    last_chunk = "usage-last-chunk" in script.faults or (vendor == "kimi" and not in_choice)
    none = script.faults & {"usage-missing", "hanging-tail"}
    ending: dict[str, Any] = {"index": 0, "delta": {}, "finish_reason": finish}
    if "no-finish" in script.faults:
        ending["finish_reason"] = None
    if in_choice:
        ending["usage"] = counted
    final = _base(row) | {"choices": [ending]}
    if "usage-null" in script.faults:
        yield Piece(json.dumps(final | {"usage": None}))
        return
    if not none and not in_choice and not last_chunk:
        final["usage"] = counted
    yield Piece(json.dumps(final))
    if last_chunk and not none:
        yield Piece(json.dumps(_base(row) | {"choices": [], "usage": counted}))


def _call(row: Row, index: int, name: str, arguments: str) -> Iterator[Piece]:
    first = _function(row, index, name, "") | {"index": index}
    yield Piece(chunk(row, {"tool_calls": [first]}), output=tokens.count(name))
    for at in range(0, len(arguments), CALL_PIECE):
        part = {"index": index, "function": {"arguments": arguments[at : at + CALL_PIECE]}}
        yield Piece(chunk(row, {"tool_calls": [part]}))


def _function(row: Row, index: int, name: str, arguments: str) -> dict[str, Any]:
    call_id = f"{row.request_id}-call-{index}"
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def _arguments(said: Said) -> int:
    return sum(tokens.count(name) + tokens.count(arguments) for name, arguments in said.calls)


def _decorated(text: str, script: Script) -> str:
    if "separators" in script.faults:
        text = f"one\u2028two\u2029three\u0085four {text}"
    if "think-tags" in script.faults:
        text = f"<think>a leaked thought</think>{text}"
    if "box-tags" in script.faults:
        text = f"1 < 2, so <|begin_of_box|>{text}<|end_of_box|>"
    return text


def chunk(row: Row, delta: dict[str, Any]) -> str:
    """Return one piece as JSON; text is sent as UTF-8 and not as escapes, as the vendors do."""
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    return json.dumps(_base(row) | {"choices": [choice]}, ensure_ascii=False)


def _base(row: Row) -> dict[str, Any]:
    return {"id": row.request_id, "object": "chat.completion.chunk", "created": CREATED, "model": row.model}
