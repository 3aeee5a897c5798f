"""What is known of a vendor and of a model, as records."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct

from app.providers.errors import Kind

NANO_USD_PER_USD = 1_000_000_000
TOKENS_PER_PRICE = 1_000_000
"""Vendors quote USD per million tokens."""

DEFAULT_OUTPUT = 32_000
"""Tokens of answer and reasoning together where a caller names no figure; as many as Moonshot's own CLI."""
DEFAULT_CONCURRENCY = 2
"""Calls at once per model: some accounts of either vendor are allowed one or two."""


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


class Replay(StrEnum):
    """Which reasoning a model is given back with the conversation."""

    CALLS = "calls"
    """Only that of turns which called functions; without it Kimi answers 400."""
    ALL = "all"
    """That of every turn; the vendor expects it."""
    ASKED = "asked"
    """That of every turn, and the vendor is asked to use it."""


class Price(Struct, frozen=True):
    """Integer nano-USD per token, so that sums are exact.

    `cached` is what input tokens cost that the vendor found in its cache; where none is known it equals
    `input`, so that an estimate is never too low. `written` is what those cost that it puts there; None
    where it charges nothing beyond `input`.
    """

    input: int
    cached: int
    output: int
    written: int | None = None

    @property
    def most_input(self) -> int:
        """The most one input token can cost."""
        return max(self.input, self.cached, self.written or 0)


class Origin(Struct, frozen=True):
    """A place that issues keys, and the only address they are good for.

    `warning` is said at the start when this address is configured.
    """

    keys_from: str
    url: str
    warning: str | None = None


class Dialect(Struct, frozen=True):
    """What sets a vendor's chat completions apart from another's; the values say why where they stand."""

    output_field: str
    user_field: str
    errors: Mapping[str, Kind]
    """Kinds by the vendor's code or type of error."""
    phrases: tuple[tuple[str, Kind], ...]
    """Kinds by words of the vendor's message in lower case, for errors whose code says less than they do."""
    request_id_headers: tuple[str, ...]
    keep: Mapping[str, Any]
    """Put into `thinking` when reasoning is replayed as Replay.ASKED."""
    id_field: str | None = None
    cache_field: str | None = None
    json_schemas: bool = False
    """Whether `response_format` takes a schema; else the schema goes into the prompt."""
    function_strict: bool | None = None
    """What `strict` of a function is set to; None leaves it out."""
    data_urls: bool = True
    """Whether media are data URLs, else bare base64."""
    stream_options: bool = False
    """Whether usage has to be asked for in a stream."""
    stops: int = 1
    """How many stop sequences a request may name."""
    reset_hours: int = 0
    """The vendor's clock against UTC, for the times in its messages."""


class Vendor(Struct, frozen=True):
    """One vendor: the variables are names of the contract, `keys_at` is where a key is made.

    The first of `origins` is the default address. `lists_models` says whether `GET /models` is documented.
    """

    id: str
    title: str
    key_variable: str
    url_variable: str
    keys_at: str
    billing_at: str
    origins: tuple[Origin, ...]
    dialect: Dialect
    lists_models: bool = False

    @property
    def url(self) -> str:
        """The default address."""
        return self.origins[0].url


class Model(Struct, frozen=True):
    """One model as its vendor names it.

    `context` and `max_output` are tokens; None where the vendor states no figure. `media` is what it can
    see beside text. `efforts` are those that change its behaviour. `note` is one clause for whoever chooses.
    `substitute` is the id of another vendor's model that may stand in for it. `concurrency` is how many
    calls may be under way at once, over all replicas. `leaks_tags` marks models that write their own markup
    into answers.
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
    default_output: int = DEFAULT_OUTPUT
    replay: Replay = Replay.CALLS
    substitute: str | None = None
    concurrency: int = DEFAULT_CONCURRENCY
    leaks_tags: bool = False

    @property
    def graded(self) -> bool:
        """Whether it takes `reasoning_effort`: it has more efforts than on and off."""
        return len(set(self.efforts) - {Effort.OFF}) > 1

    def nearest(self, effort: Effort) -> Effort | None:
        """Return the weakest effort it has that is no weaker than this one, else its strongest, if any."""
        order = [one for one in Effort if one in self.efforts]
        wanted = list(Effort).index(effort)
        return next((one for one in order if list(Effort).index(one) >= wanted), order[-1] if order else None)


def usd(per_million: str) -> int:
    """Turn a vendor's price in USD per million tokens, written as text, into nano-USD per token.

    Raises:
        ValueError: when the price is finer than one nano-USD per token, which would have to be rounded.
    """
    whole, _, fraction = per_million.partition(".")
    fraction = fraction.rstrip("0")
    nano_per_million = int(whole) * NANO_USD_PER_USD + int(fraction[:9].ljust(9, "0"))
    per_token, rest = divmod(nano_per_million, TOKENS_PER_PRICE)
    if rest or len(fraction) > 9:
        raise ValueError(
            f"{per_million} USD per million tokens is finer than one nano-USD per token: round it up"
        )
    return per_token
