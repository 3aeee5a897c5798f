"""Puts a streamed answer together: chunks of the vendors' dialect in, our events out."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.providers import sentences, usage
from app.providers.errors import Kind, ProviderError
from app.providers.events import Done, Event, Reasoning, Text, Usage
from app.providers.records import Model
from app.providers.requests import ToolCall
from app.providers.tags import TagFilter

FINISHES = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    # What each vendor calls an answer whose rest it withheld.
    "content_filter": "filtered",
    "sensitive": "filtered",
    # GLM: the context is full. With text it is an answer that ended early, without any a prompt too long.
    "model_context_window_exceeded": "length",
}
NETWORK_ERROR = "network_error"
"""GLM's finish reason of a 200 that failed."""

MOST_CHARACTERS = 16 * 1024 * 1024
"""Of one answer and its reasoning; the longest answer any model gives is a tenth of it."""
MOST_CALLS = 128
"""Functions one answer may call; as many as a request may offer."""


class Answer:
    """One answer as it arrives; `finish` is set once the vendor has said how it ended."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._tags = TagFilter() if model.leaks_tags else None
        self._calls: dict[int, list[str]] = {}
        self._size = 0
        self._text = False
        self.finish: str | None = None
        self.usage: Usage | None = None

    @property
    def begun(self) -> bool:
        """Whether anything was generated."""
        return self._size > 0 or bool(self._calls)

    def read(self, chunk: Mapping[str, Any]) -> Sequence[Event]:
        """Take one chunk; returns what it adds.

        Raises:
            ProviderError: the answer outgrows every bound.
        """
        choices = chunk["choices"]
        choice = choices[0] if choices else {}
        if "usage" in chunk or "usage" in choice:
            self.usage = usage.read(chunk) or self.usage
        finish = choice.get("finish_reason")
        if finish:
            self.finish = str(finish)
        delta = choice.get("delta")
        return self._delta(delta) if delta else ()

    def end(self, request_id: str | None) -> tuple[list[Event], Done]:
        """Return what was held back, and the end.

        Raises:
            ProviderError: there is no whole answer: the stream was cut, the vendor failed, or said nothing.
        """
        held: list[Event] = [*self._tags.end()] if self._tags else []
        self._text = self._text or any(isinstance(event, Text) for event in held)
        vendor = self._model.vendor
        finish = FINISHES.get(self.finish or "", "stop")
        if self.finish is None:
            raise self._error(Kind.CUT, sentences.cut(vendor), request_id)
        if self.finish == NETWORK_ERROR:
            reason = f"it ended with {NETWORK_ERROR}"
            raise self._error(Kind.BROKEN, sentences.broken(vendor, reason), request_id)
        if not self._text and not self._calls:
            if self.finish == "model_context_window_exceeded":
                raise self._error(
                    Kind.CONTEXT, sentences.too_long(self._model, self._model.context), request_id
                )
            if finish == "filtered":
                raise self._error(Kind.CONTENT, sentences.refused_content(vendor, self.finish), request_id)
            if finish != "length":
                raise self._error(Kind.BROKEN, sentences.broken(vendor, "it was empty"), request_id)
        calls = tuple(ToolCall(*self._calls[index]) for index in sorted(self._calls))
        if calls and finish == "stop":
            finish = "tool_calls"
        return held, Done(finish, self.usage, calls, request_id)

    def _delta(self, delta: Mapping[str, Any]) -> Sequence[Event]:
        # One of these in each chunk, hundreds of times a second: the rest is looked at only where it is.
        text, reasoning = delta.get("content"), delta.get("reasoning_content")
        if text and not reasoning and self._tags is None and "tool_calls" not in delta:
            self._size += len(text)
            if self._size > MOST_CHARACTERS:
                raise self._too_much()
            self._text = True
            return (Text(text),)
        events: list[Event] = []
        if reasoning:
            self._grow(reasoning)
            events.append(Reasoning(reasoning))
        if text:
            self._grow(text)
            found = self._tags.feed(text) if self._tags is not None else [Text(text)]
            events += found
            self._text = self._text or any(isinstance(event, Text) for event in found)
        for call in delta.get("tool_calls") or ():
            self._call(call)
        return events

    def _call(self, piece: Mapping[str, Any]) -> None:
        function = piece.get("function") or {}
        call = self._calls.setdefault(int(piece.get("index") or 0), ["", "", ""])
        if len(self._calls) > MOST_CALLS:
            raise self._too_much()
        # Id and name come once, the arguments in pieces; GLM without `tool_stream` sends all at once.
        call[0] = call[0] or piece.get("id") or ""
        call[1] = call[1] or function.get("name") or ""
        arguments = function.get("arguments") or ""
        self._grow(arguments)
        call[2] += arguments

    def _grow(self, text: str) -> None:
        self._size += len(text)
        if self._size > MOST_CHARACTERS:
            raise self._too_much()

    def _too_much(self) -> ProviderError:
        return self._error(Kind.CUT, sentences.too_large(self._model.vendor, MOST_CHARACTERS), None)

    def _error(self, kind: Kind, sentence: str, request_id: str | None) -> ProviderError:
        return ProviderError(
            kind,
            sentence,
            vendor=self._model.vendor.id,
            status=200,
            vendor_code=self.finish,
            request_id=request_id,
            usage=self.usage,
        )
