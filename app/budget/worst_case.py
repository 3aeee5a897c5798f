"""The most that one vendor call can cost, and how long an answer a grant pays for."""

from msgspec import Struct

from app.providers.records import Model
from app.stores.records import Limit, NewCall

LEAST_OUTPUT_TOKENS = 512
"""An answer cut shorter than this is not worth its prompt: then the call is refused."""


class WorstCase(Struct, frozen=True):
    """The bounds of one call: `input_tokens` is an upper bound, `max_output` what is asked for at most."""

    model: Model
    input_tokens: int
    max_output: int

    def call(self, call_id: str, day: str, limits: tuple[Limit, ...]) -> NewCall:
        """Return the wish for money that covers it."""
        price = self.model.price
        prompt = self.input_tokens * price.most_input
        return NewCall(
            id=call_id,
            vendor=self.model.vendor.id,
            model=self.model.id,
            day=day,
            least=prompt + min(self.max_output, LEAST_OUTPUT_TOKENS) * price.output,
            most=prompt + self.max_output * price.output,
            input_cost=prompt,
            output_price=price.output,
            limits=limits,
        )

    def output_within(self, granted: int) -> int:
        """Return the longest answer, in tokens, that a grant pays for."""
        price = self.model.price
        if price.output == 0:
            return self.max_output
        return min(self.max_output, (granted - self.input_tokens * price.most_input) // price.output)
