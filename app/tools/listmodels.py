"""`listmodels`: the models, what they cost, and whether they can be called."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from decimal import Decimal
from typing import Literal

from pydantic import Field

from app.protocol.tools import Call, Tool, ToolResult, text
from app.providers.protocol import ProviderState
from app.providers.records import NANO_USD_PER_USD, TOKENS_PER_PRICE, Model, Thinking, Vendor
from app.tools.arguments import Arguments, Facts

_THINKING = {
    Thinking.ALWAYS: "always thinks",
    Thinking.SWITCH: "thinks unless told not to",
    Thinking.NONE: "does not think",
}


class ListModelsArguments(Arguments):
    """Which models to list."""

    vendor: Literal["kimi", "glm"] | None = None
    available: bool = Field(default=False, description="only those that can be called now")


States = Callable[[], Awaitable[Sequence[ProviderState]]]


class ModelEntry(Facts):
    """One model; prices in nano-USD per token (950 is 0.95 USD per million).

    `available` says that it can be called now; `obstacle` why not, where its vendor has a key.
    """

    id: str
    aliases: list[str]
    vendor: str
    note: str
    context_tokens: int | None
    max_output_tokens: int | None
    input_nano_usd: int
    cached_nano_usd: int
    output_nano_usd: int
    thinking: str
    efforts: list[str]
    media: list[str]
    available: bool
    obstacle: str | None


class VendorEntry(Facts):
    """One vendor; `what_to_do` is None when its key is set."""

    id: str
    title: str
    key_set: bool
    what_to_do: str | None


class Models(Facts):
    """Everything the tool answers; the text says the same."""

    vendors: list[VendorEntry]
    models: list[ModelEntry]


def listmodels_tool(
    models: Sequence[Model], vendors: Sequence[Vendor], with_key: Collection[str], states: States
) -> Tool[ListModelsArguments]:
    """Make the tool; `with_key` are the ids of the vendors whose key is set."""

    async def handle(_: Call, arguments: ListModelsArguments) -> ToolResult:
        obstacles = {state.model: _obstacle(state) for state in await states() if state.open_until}
        answer = Models(
            vendors=[
                _vendor(vendor, with_key) for vendor in vendors if arguments.vendor in (None, vendor.id)
            ],
            models=[
                entry
                for model in models
                if arguments.vendor in (None, model.vendor.id)
                and ((entry := _model(model, with_key, obstacles)).available or not arguments.available)
            ],
        )
        return ToolResult(content=[text(as_text(answer))], structured=answer.model_dump(mode="json"))

    return Tool(
        name="listmodels",
        title="List models",
        description="Lists the Kimi and GLM models with alias, context, price, effort levels, what they see, "
        "and whether each can be called now.",
        arguments=ListModelsArguments,
        handler=handle,
        output=Models,
        annotations={"readOnlyHint": True, "idempotentHint": True, "openWorldHint": False},
    )


def as_text(answer: Models) -> str:
    """Say everything in words, a paragraph a vendor and a line a model."""
    paragraphs = []
    for vendor in answer.vendors:
        lines = [f"{vendor.title}: key set." if vendor.key_set else f"{vendor.title}: {vendor.what_to_do}"]
        lines += [_line(model) for model in answer.models if model.vendor == vendor.id]
        paragraphs.append("\n".join(lines))
    return "\n\n".join(["Prices in USD per million tokens: input / cached input / output.", *paragraphs])


def _line(model: ModelEntry) -> str:
    name = f"{model.id} (alias {', '.join(model.aliases)})" if model.aliases else model.id
    prices = (model.input_nano_usd, model.cached_nano_usd, model.output_nano_usd)
    facts = [
        model.note,
        f"context {model.context_tokens} tokens"
        if model.context_tokens
        else "context not stated by the vendor",
        *([f"at most {model.max_output_tokens} tokens out"] if model.max_output_tokens else []),
        " / ".join(map(_usd, prices)) if any(prices) else "free",
        _THINKING[Thinking(model.thinking)],
        *([f"effort {', '.join(model.efforts)}"] if model.efforts else []),
        *([f"sees {', '.join(model.media)}"] if model.media else []),
        "callable" if model.available else model.obstacle or "not callable without a key",
    ]
    return f"- {name}: {'; '.join(facts)}"


def _usd(nano_per_token: int) -> str:
    """Turn nano-USD per token back into the vendors' USD per million tokens, exactly."""
    return f"{(Decimal(nano_per_token) * TOKENS_PER_PRICE / NANO_USD_PER_USD).normalize():f}"


def _vendor(vendor: Vendor, with_key: Collection[str]) -> VendorEntry:
    todo = f"no key; set {vendor.key_variable} (make one at {vendor.keys_at}) and start the server again."
    key_set = vendor.id in with_key
    return VendorEntry(
        id=vendor.id, title=vendor.title, key_set=key_set, what_to_do=None if key_set else todo
    )


def _obstacle(state: ProviderState) -> str:
    return f"not callable until {state.open_until:%H:%M:%S} UTC: {state.reason or 'its vendor failed'}"


def _model(model: Model, with_key: Collection[str], obstacles: Mapping[str, str]) -> ModelEntry:
    return ModelEntry(
        id=model.id,
        aliases=list(model.aliases),
        vendor=model.vendor.id,
        note=model.note,
        context_tokens=model.context,
        max_output_tokens=model.max_output,
        input_nano_usd=model.price.input,
        cached_nano_usd=model.price.cached,
        output_nano_usd=model.price.output,
        thinking=model.thinking,
        efforts=list(model.efforts),
        media=list(model.media),
        available=model.vendor.id in with_key and model.id not in obstacles,
        obstacle=obstacles.get(model.id),
    )
