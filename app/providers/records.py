"""What is known of a vendor and of a model, as records."""

from dataclasses import dataclass
from enum import StrEnum

NANO_USD_PER_USD = 1_000_000_000
TOKENS_PER_PRICE = 1_000_000
"""Vendors quote USD per million tokens."""


class Thinking(StrEnum):
    """How a model's reasoning is steered."""

    ALWAYS = "always"
    """It cannot be turned off; asking for it is an error at the vendor."""
    SWITCH = "switch"
    """On unless turned off by `thinking: {"type": "disabled"}`."""
    NONE = "none"
    """The model does not reason."""


class Effort(StrEnum):
    """Our unified effort, which every model maps to what it has."""

    OFF = "off"
    LOW = "low"
    HIGH = "high"
    MAX = "max"


@dataclass(frozen=True, slots=True)
class Price:
    """Integer nano-USD per token, so that sums are exact.

    `cached` is what input tokens cost that the vendor found in its cache; where none is known it equals
    `input`, so that an estimate is never too low.
    """

    input: int
    cached: int
    output: int


@dataclass(frozen=True, slots=True)
class Vendor:
    """One vendor: the variables are names of the contract, `keys_at` is where a key is made."""

    id: str
    title: str
    key_variable: str
    url_variable: str
    keys_at: str


@dataclass(frozen=True, slots=True)
class Model:
    """One model as its vendor names it.

    `context` and `max_output` are tokens; None where the vendor states no figure. `media` is what it can
    see beside text. `efforts` are those that change its behaviour. `note` is one clause for whoever chooses.
    """

    id: str
    vendor: Vendor
    context: int | None
    price: Price
    thinking: Thinking
    note: str
    aliases: tuple[str, ...] = ()
    max_output: int | None = None
    efforts: tuple[Effort, ...] = ()
    media: tuple[str, ...] = ()


def usd(per_million: str) -> int:
    """Turn a vendor's price in USD per million tokens, written as text, into nano-USD per token.

    Raises:
        ValueError: when the price is finer than one nano-USD per token, which would have to be rounded.
    """
    whole, _, fraction = per_million.partition(".")
    nano_per_million = int(whole) * NANO_USD_PER_USD + int((fraction or "0").ljust(9, "0"))
    per_token, rest = divmod(nano_per_million, TOKENS_PER_PRICE)
    if rest:
        raise ValueError(
            f"{per_million} USD per million tokens is finer than one nano-USD per token: round it up"
        )
    return per_token
