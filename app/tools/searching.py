"""Searching the web: for a person, and for a model that asks for it while it answers."""

import re
from collections.abc import Sequence

import orjson

from app.jobs.errors import RefusedError
from app.jobs.orders import Answer
from app.jobs.run import Run
from app.jobs.services import paid
from app.providers.errors import ProviderError
from app.providers.protocol import Found, Source, WebSearch
from app.providers.requests import Function, Message, ToolCall
from app.tools.talk import Talk

MAX_SEARCHES = 3
"""Searches that a model may ask for in one answer."""

RESULTS = 6
"""Pages that a model is shown of each."""

LONGEST_EXCERPT = 2_000
"""Characters shown of one page."""

LONGEST_QUERY = 400

RECENCIES = ("day", "week", "month", "year")

SEARCH = Function(
    "web_search",
    "Searches the web. Use it for what may have changed since your training or what you are unsure of, and "
    "cite what you use by its number, as [1].",
    {
        "type": "object",
        "properties": {
            "query": {"type": "string", "description": "a few words, as one types into a search engine"},
            "recency": {"type": "string", "enum": list(RECENCIES), "description": "no older than this"},
        },
        "required": ["query"],
        "additionalProperties": False,
    },
)

_CITED = re.compile(r"\[(\d{1,3})\]")


class Searches:
    """Searches by the first vendor that can."""

    def __init__(self, engines: Sequence[WebSearch]) -> None:
        self._engines = tuple(engines)

    def need(self) -> None:
        """Refuse when there is nobody to search.

        Raises:
            RefusedError: no vendor that searches has a key.
        """
        if not self._engines:
            raise RefusedError(
                "Searching the web needs GLM_API_KEY, which is not set: set it, or do without."
            )

    async def search(
        self, run: Run, query: str, *, most: int, recency: str | None = None, domain: str | None = None
    ) -> Sequence[Source]:
        """Return what one search found.

        Raises:
            RefusedError: there is nobody to search, or no money.
            ProviderError: every vendor failed.
        """
        self.need()
        run.now(f"searching the web for {query!r:.80}")
        for engine in self._engines:

            async def work(request_id: str, engine: WebSearch = engine) -> Found:
                return await engine.search(
                    query, most=most, recency=recency, domain=domain, request_id=request_id
                )

            try:
                found = await paid(
                    run,
                    vendor=engine.vendor.id,
                    service="web-search",
                    most_cost=engine.most_cost,
                    work=work,
                )
            except ProviderError as error:
                if not error.kind.elsewhere or engine is self._engines[-1]:
                    raise
            else:
                return found.sources
        raise AssertionError("the last engine either finds or raises")


class Research:
    """One answer with searches: asks the model again with what it wanted to know, a few times at most."""

    def __init__(self, talk: Talk, searches: Searches) -> None:
        self._talk = talk
        self._searches = searches
        self._left = MAX_SEARCHES
        self.sources: dict[str, Source] = {}

    async def answer(self) -> Answer:
        """Return the model's answer once it searches no more.

        Raises:
            RefusedError: there is no money, or the prompt has become longer than the model takes.
            ProviderError: no vendor gave a whole answer.
        """
        talk, run = self._talk, self._talk.run
        while True:
            answer = await run.ask(talk.asking(functions=(SEARCH,) if self._left else ()))
            # Whoever stood in goes on.
            talk.model = answer.model
            if not answer.tool_calls or not self._left:
                return answer
            asked = Message(
                "assistant", answer.text, reasoning=answer.reasoning or None, tool_calls=answer.tool_calls
            )
            talk.said.append((answer.model.id, asked))
            for call in answer.tool_calls:
                told = await self._result(call)
                talk.said.append((answer.model.id, Message("tool", told, tool_call=call.id)))

    async def _result(self, call: ToolCall) -> str:
        query, recency = _wanted(call)
        if query is None:
            self._left = max(0, self._left - 1)
            return f"This was not done: call {SEARCH.name} with a query."
        if not self._left:
            return f"This was not searched: {MAX_SEARCHES} searches is the most. Answer with what you have."
        self._left -= 1
        try:
            found = await self._searches.search(self._talk.run, query, most=RESULTS, recency=recency)
        except (ProviderError, RefusedError) as error:
            self._talk.run.notes.append(f"a search failed: {error}")
            return "The search failed. Answer with what you know, and say that you could not search."
        for source in found:
            self.sources.setdefault(source.url, source)
        numbers = {url: number for number, url in enumerate(self.sources, start=1)}
        shown = [as_text(numbers[source.url], source) for source in found]
        return "\n\n".join(shown) or "Nothing was found."

    def listed(self, text: str) -> str:
        """Return an answer with its sources below: those that it cites, or all if it cites none."""
        if not self.sources:
            return text
        cited = {int(number) for number in _CITED.findall(text)}
        numbered = list(enumerate(self.sources.values(), start=1))
        listed = [each for each in numbered if each[0] in cited] or numbered
        lines = [f"[{number}] {one_line(source.title)}: {source.url}" for number, source in listed]
        return "\n".join([text.rstrip(), "", "Sources:", *lines])


def as_text(number: int, source: Source) -> str:
    """Write down one source with its excerpt, numbered."""
    facts = " · ".join(one_line(fact) for fact in (source.site, source.published) if fact)
    excerpt = source.text.strip()
    if len(excerpt) > LONGEST_EXCERPT:
        excerpt = f"{excerpt[: LONGEST_EXCERPT - 1]}…"
    head = f"[{number}] {one_line(source.title)}\n{source.url}"
    return "\n".join([head, *([facts] if facts else []), excerpt]).rstrip()


def one_line(text: str) -> str:
    """Fold text of the web onto one line."""
    return " ".join(text.split())


def _wanted(call: ToolCall) -> tuple[str | None, str | None]:
    """Read the arguments of a call, which a model may have got wrong."""
    try:
        arguments = orjson.loads(call.arguments)
    except orjson.JSONDecodeError:
        return None, None
    if call.name != SEARCH.name or not isinstance(arguments, dict):
        return None, None
    query, recency = arguments.get("query"), arguments.get("recency")
    if not isinstance(query, str) or not query.strip():
        return None, None
    return one_line(query)[:LONGEST_QUERY], recency if recency in RECENCIES else None
