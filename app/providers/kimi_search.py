"""Kimi's web search: its official Formula tool, whose findings only its own models can read.

So a search is two calls: the tool is run (a "fiber"), and a model without thoughts turns what it found into a
list (platform.kimi.ai, use-official-tools). The older `$web_search` is called legacy by the vendor.
"""

import contextlib
from collections.abc import AsyncGenerator, Mapping
from typing import Protocol

import orjson

from app.providers import retries, sentences, tokens
from app.providers.connection import Connection
from app.providers.errors import Kind, ProviderError
from app.providers.events import Done, Event, Text
from app.providers.protocol import Found, Source
from app.providers.records import Effort, Model
from app.providers.requests import Function, Message, Request, ToolCall

FORMULA = "formulas/moonshot/web-search:latest/fibers"
FUNCTION = Function(
    "web_search",
    "Searches the web.",
    {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]},
)
FIBER_COST = 5_000_000
"""Nano-USD; 0.005 USD a search on the vendor's price list."""
MOST_INPUT = 65_536
"""Tokens of findings that the model is given; a longer lot is refused rather than paid for."""
MOST_OUTPUT = 4_000

_FIELDS = ("title", "url", "text", "site", "published")
_SCHEMA = {
    "type": "object",
    "properties": {
        "sources": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in _FIELDS},
                "required": ["title", "url", "text"],
            },
        }
    },
    "required": ["sources"],
}


class Models(Protocol):
    """Whoever calls a model: the gateway."""

    def stream(self, request: Request) -> AsyncGenerator[Event, None]:
        """Call it."""


class KimiSearch:
    """See `WebSearch`; `model` must be one whose thinking can be off."""

    def __init__(self, connection: Connection, models: Models, model: Model) -> None:
        self.vendor = connection.vendor
        self._connection = connection
        self._models = models
        self._model = model
        price = model.price
        self.most_cost = FIBER_COST + MOST_INPUT * price.most_input + MOST_OUTPUT * price.output

    async def search(
        self, query: str, *, most: int, recency: str | None, domain: str | None, request_id: str
    ) -> Found:
        """Search; see `WebSearch.search`. Recency and domain are wishes here: the tool takes words only."""
        words = query if domain is None else f"{query} site:{domain}"
        arguments = orjson.dumps({"query": words}).decode()
        call = ToolCall(f"{request_id}-search", FUNCTION.name, arguments)
        findings = await self._run(arguments)
        wish = f" Prefer pages of the last {recency}." if recency else ""
        request = Request(
            id=request_id,
            model=self._model,
            messages=(
                Message(
                    "system",
                    f"List at most {most} of the pages that the search found, the most fitting first, with "
                    f"what each says about the question. Add nothing of your own.{wish}",
                ),
                Message("user", query),
                Message("assistant", "", tool_calls=(call,)),
                Message("tool", findings, tool_call=call.id),
            ),
            max_output=MOST_OUTPUT,
            effort=Effort.OFF,
            functions=(FUNCTION,),
            json_schema=_SCHEMA,
        )
        try:
            if tokens.most_input(request) > MOST_INPUT:
                raise self._error(f"more than {MOST_INPUT:,} tokens were found")
            text, cost = await self._read(request)
        except ProviderError as error:
            error.owed += FIBER_COST
            raise
        return Found(self._sources(text, cost)[:most], FIBER_COST + cost)

    async def _run(self, arguments: str) -> str:
        body = {"name": FUNCTION.name, "arguments": arguments}
        async for attempt in retries.attempts():
            with attempt:
                answer = await self._connection.json("POST", FORMULA, body=body)
        context = answer.get("context")
        context = context if isinstance(context, Mapping) else {}
        found = context.get("output") or context.get("encrypted_output")
        if answer.get("status") != "succeeded" or not isinstance(found, str):
            raise self._error("the search failed")
        return found

    async def _read(self, request: Request) -> tuple[str, int]:
        texts, cost = [], MOST_INPUT * self._model.price.most_input + MOST_OUTPUT * self._model.price.output
        async with contextlib.aclosing(self._models.stream(request)) as events:
            async for event in events:
                if isinstance(event, Text):
                    texts.append(event.text)
                if isinstance(event, Done) and event.usage is not None:
                    cost = event.usage.cost(self._model.price)
        return "".join(texts), cost

    def _sources(self, text: str, cost: int) -> tuple[Source, ...]:
        try:
            listed = orjson.loads(text)["sources"]
            return tuple(Source(**{name: str(one.get(name) or "") for name in _FIELDS}) for one in listed)
        except (ValueError, TypeError, KeyError, AttributeError):
            error = self._error("its list of pages cannot be read")
            error.owed = FIBER_COST + cost
            raise error from None

    def _error(self, reason: str) -> ProviderError:
        return self._connection.error(Kind.BROKEN, sentences.broken(self.vendor, reason))


def fits(model: Model) -> bool:
    """Whether a model can read findings without thinking, which the vendor asks for here."""
    return Effort.OFF in model.efforts
