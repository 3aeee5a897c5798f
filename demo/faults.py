"""What a prompt or the control endpoint can ask the demo to do wrong.

A prompt asks with `[fake:NAME]` in its last message; `[fake:NAME x2]` fails the first two times this prompt
is seen and then answers. `[fake:words 500]` and `[fake:think 20]` set how long answer and reasoning are,
`[fake:pace 0.05]` the seconds between tokens.
"""

import re
from collections import Counter, deque
from dataclasses import dataclass, field

from demo import refusals

STREAM_FAULTS = (
    "silence",  # accepts, then says nothing
    "silence-mid",  # half an answer, then nothing
    "cut",  # the connection is reset in the middle of a token
    "cut-clean",  # the stream ends without an end
    "reset",  # the connection is reset before any answer
    "drip",  # one byte at a time
    "truncated-json",  # 200 and half a JSON object in place of a stream
    "wrong-type",  # 200 and HTML
    "bad-chunk",  # a piece that is no JSON
    "strange-chunk",  # a piece of another shape
    "error-in-stream",  # an error in the middle
    "error-first",  # an error as the first piece
    "huge",  # ten megabytes of answer
    "long-line",  # a line that never ends
    "empty",  # stops without a word
    "thought-only",  # the budget goes to reasoning
    "no-done",  # no [DONE]
    "no-finish",  # [DONE] without a finish reason
    "hanging-tail",  # the usage never comes
    "comments",  # keep-alive comments between the pieces
    "separators",  # U+2028 and U+0085 in the text
    "think-tags",
    "box-tags",
    "sensitive",
    "network-error",
    "network-error-mid",
    "context-window",
    "context-window-mid",
    "tool-call",
    "usage-missing",
    "usage-null",
    "usage-in-choice",
    "usage-top-cached",
    "usage-details-cached",
    "usage-last-chunk",
)
NAMES = (*refusals.NAMES, *STREAM_FAULTS)
SIZES = ("words", "think", "pace")

_MARKER = re.compile(r"\[fake:([a-z0-9-]+)(?: x(\d+)| (\d+(?:\.\d+)?))?\]")


@dataclass(frozen=True, slots=True)
class Script:
    """How one request is answered: what goes wrong, and how long the answer is."""

    faults: frozenset[str] = frozenset()
    words: int | None = None
    think: int | None = None
    pace: float | None = None

    @property
    def refusal(self) -> refusals.RefusalError | None:
        """The error answer that was asked for, if one was."""
        return next((found for name in sorted(self.faults) if (found := refusals.named(name))), None)


@dataclass(slots=True)
class Scripts:
    """Reads markers, and gives out what the control endpoint queued, one a request."""

    queued: dict[str, deque[str]] = field(default_factory=dict)
    _seen: Counter[str] = field(default_factory=Counter)

    def script(self, vendor: str, prompt: str) -> Script:
        """Return how to answer this prompt now."""
        faults: set[str] = set()
        sizes: dict[str, float] = {}
        for name, times, size in _MARKER.findall(prompt):
            if name in SIZES:
                sizes[name] = float(size or 0)
            elif times:
                self._seen[prompt] += 1
                if self._seen[prompt] <= int(times):
                    faults.add(name)
            else:
                faults.add(name)
        waiting = self.queued.get(vendor)
        if waiting:
            faults.add(waiting.popleft())
        words, think = sizes.get("words"), sizes.get("think")
        return Script(
            frozenset(faults - {"ok"}),
            None if words is None else int(words),
            None if think is None else int(think),
            sizes.get("pace"),
        )


def without_markers(prompt: str) -> str:
    """Return what a person asked."""
    return _MARKER.sub("", prompt).strip()
