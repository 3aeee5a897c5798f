"""`web_search`: pages that match a query, with excerpts."""

from typing import Literal

from pydantic import Field

from app.counted import counted
from app.jobs.orders import Order, Outcome, digest_of
from app.jobs.run import Run
from app.protocol.tools import Call
from app.tools.arguments import KeptArguments, Line
from app.tools.consultations import key_of
from app.tools.model_tool import ModelTool, Plan
from app.tools.searching import LONGEST_QUERY, Searches, as_text

MOST_RESULTS = 20
LONGEST_DOMAIN = 253


class WebSearchArguments(KeptArguments):
    """What to search for."""

    query: Line = Field(min_length=1, max_length=LONGEST_QUERY)
    count: int = Field(default=8, ge=1, le=MOST_RESULTS)
    recency: Literal["day", "week", "month", "year"] | None = None
    domain: Line = Field(default="", max_length=LONGEST_DOMAIN, description="only this site")


def web_search_tool(searches: Searches) -> ModelTool[WebSearchArguments]:
    """Make the tool."""

    async def plan(call: Call, arguments: WebSearchArguments) -> Plan:
        searches.need()

        async def script(run: Run) -> Outcome:
            found = await searches.search(
                run,
                arguments.query,
                most=arguments.count,
                recency=arguments.recency,
                domain=arguments.domain or None,
            )
            shown = [as_text(number, source) for number, source in enumerate(found, start=1)]
            pages = counted(len(shown), "page")
            head = f"{pages} for {arguments.query!r}; what they say is quoted, not vouched for."
            return Outcome(
                "\n\n".join([head, *shown]) if shown else f"Nothing was found for {arguments.query!r}.", None
            )

        order = Order(
            tool="web_search",
            principal=call.principal,
            prompt=arguments.query,
            digest=digest_of("web_search", arguments.model_dump(mode="json")),
            project=arguments.project,
            threaded=False,
            no_store=arguments.no_store,
            idempotency_key=key_of(call),
        )
        return Plan(order, script)

    return ModelTool(
        name="web_search",
        title="Web search",
        description="Searches the web and returns titles, links, dates and excerpts, at about 0.01 USD. For "
        "facts newer than you; to have a model read and answer from the web, use chat with web_search.",
        arguments=WebSearchArguments,
        plan=plan,
    )
