"""The twelve tools, put together in the order in which every client is shown them."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, Protocol

from msgspec import Struct

from app.files.intake import Intake
from app.jobs.jobs import Jobs
from app.protocol.completions import Completer
from app.protocol.prompts import Prompt
from app.protocol.resources import Resource
from app.protocol.tools import Tool
from app.providers.catalog import VENDORS
from app.providers.protocol import Extraction, WebSearch
from app.stores import AuditLog, FileStore, JobStore, ThreadStore
from app.tools.chat import chat_tool
from app.tools.choice import Choice
from app.tools.codereview import codereview_tool
from app.tools.completions import Suggestions
from app.tools.consensus import consensus_tool
from app.tools.consultations import Consultations
from app.tools.debug import debug_tool
from app.tools.documents import documents_tool
from app.tools.jobs import Allows, jobs_tool
from app.tools.listmodels import States, listmodels_tool
from app.tools.model_tool import ModelTool
from app.tools.planner import planner_tool
from app.tools.prompts import workflow_prompts
from app.tools.readings import Readings
from app.tools.resources import thread_resources
from app.tools.searching import Searches
from app.tools.status import Status, status_tool
from app.tools.thinkdeep import thinkdeep_tool
from app.tools.threads import Changed, threads_tool
from app.tools.web_search import web_search_tool


class Kept(ThreadStore, JobStore, FileStore, AuditLog, Protocol):
    """What the tools ask of a store."""


class Parts(Struct, frozen=True):
    """What the tools are made of; `allows` and `changed` as in `app.tools.jobs` and `app.tools.threads`."""

    jobs: Jobs
    store: Kept
    choice: Choice
    with_key: Collection[str]
    intake: Intake
    searches: Sequence[WebSearch]
    extractions: Sequence[Extraction]
    states: States
    describe: Callable[[str], Awaitable[Status]]
    allows: Allows
    changed: Changed


def model_tools(parts: Parts) -> tuple[ModelTool[Any], ...]:
    """Make the tools that vendors are paid for."""
    readings = Readings(parts.store, parts.extractions, parts.intake.limits.file_seconds)
    consultations = Consultations(parts.store, parts.choice, parts.intake, readings)
    searches = Searches(parts.searches)
    return (
        chat_tool(consultations, searches),
        thinkdeep_tool(consultations),
        codereview_tool(consultations),
        debug_tool(consultations),
        planner_tool(consultations),
        consensus_tool(consultations),
        documents_tool(consultations),
        web_search_tool(searches),
    )


def beside_tools(
    parts: Parts,
) -> tuple[tuple[Prompt[Any], ...], tuple[Resource, ...], Completer]:
    """Make what clients are offered beside tools."""
    suggestions = Suggestions(parts.choice.catalog, parts.store, [tool.name for tool in model_tools(parts)])
    return workflow_prompts(), thread_resources(parts.store), suggestions.complete


def all_tools(parts: Parts) -> tuple[Tool[Any], ...]:
    """Make all of them."""
    paid = model_tools(parts)
    return (
        *(tool.served_by(parts.jobs) for tool in paid),
        threads_tool(parts.store, parts.jobs, parts.changed),
        jobs_tool(parts.jobs, parts.store, paid, parts.allows),
        listmodels_tool(parts.choice.catalog.models, VENDORS, parts.with_key, parts.states),
        status_tool(parts.describe),
    )
