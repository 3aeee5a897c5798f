"""The most that one vendor call can cost, and how long an answer a grant pays for."""

from dataclasses import dataclass

from app.providers.records import Model

LEAST_OUTPUT_TOKENS = 512
"""An answer cut shorter than this is not worth its prompt: then the call is refused."""

LEAST_HELD = 1
"""What a call of a free model holds, in nano-USD, so that being granted nothing always means a refusal."""


@dataclass(frozen=True, slots=True)
class WorstCase:
    """The bounds of one call: `input_tokens` is an upper bound, `max_output` what is asked for at most."""

    model: Model
    input_tokens: int
    max_output: int

    def held(self) -> tuple[int, int]:
        """Return the least and the most that is worth holding, in nano-USD."""
        price = self.model.price
        prompt = self.input_tokens * price.most_input
        least_output = min(self.max_output, LEAST_OUTPUT_TOKENS)
        return (
            max(prompt + least_output * price.output, LEAST_HELD),
            max(prompt + self.max_output * price.output, LEAST_HELD),
        )

    def output_within(self, granted: int) -> int:
        """Return the longest answer, in tokens, that a grant pays for."""
        price = self.model.price
        if price.output == 0:
            return self.max_output
        return min(self.max_output, (granted - self.input_tokens * price.most_input) // price.output)
