"""What comes back while a model answers: text and reasoning as they arrive, then one `Done`."""

from msgspec import Struct

from app.providers.records import Price
from app.providers.requests import ToolCall


class Text(Struct):
    """A piece of the answer; not frozen, since one is made for each token and freezing triples its price."""

    text: str


class Reasoning(Struct):
    """A piece of the reasoning that precedes the answer."""

    text: str


class Usage(Struct, frozen=True):
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


class Done(Struct, frozen=True):
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
