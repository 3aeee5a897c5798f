"""What comes back while a model answers: text and reasoning as they arrive, then one `Done`."""

from dataclasses import dataclass

from app.providers.records import Price
from app.providers.requests import ToolCall


@dataclass(slots=True)
class Text:
    """A piece of the answer; not frozen, since one is made for each token and freezing triples its price."""

    text: str


@dataclass(slots=True)
class Reasoning:
    """A piece of the reasoning that precedes the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the vendor counted them.

    `cached` (found in its cache) and `written` (put there) are part of `input`, `reasoning` is part of
    `output`.
    """

    input: int
    cached: int
    output: int
    reasoning: int = 0
    written: int = 0

    def cost(self, price: Price) -> int:
        """Return what this costs in nano-USD."""
        written = price.input if price.written is None else price.written
        return (
            (self.input - self.cached - self.written) * price.input
            + self.cached * price.cached
            + self.written * written
            + self.output * price.output
        )


@dataclass(frozen=True, slots=True)
class Done:
    """The end of an answer that was received whole.

    `finish` is `stop`, `length` (the token budget ended), `tool_calls`, or `filtered` (the vendor withheld
    the rest). `usage` is None when the vendor sent none. `waited` is how many seconds passed before a place
    was free, `attempts` how often the vendor was asked.
    """

    finish: str
    usage: Usage | None
    tool_calls: tuple[ToolCall, ...] = ()
    request_id: str | None = None
    waited: float = 0.0
    attempts: int = 1


Event = Text | Reasoning | Done
