"""`jobs`: start a tool in the background, and follow, fetch or stop what runs, from whichever client."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal

from pydantic import Field, ValidationError

from app.budget.limits import as_usd
from app.jobs import rendering
from app.jobs.errors import RefusedError
from app.jobs.jobs import Jobs
from app.jobs.rendering import WAIT_SECONDS
from app.protocol.schemas import faults
from app.protocol.tools import Call, Tool, ToolResult, text
from app.stores import JobStore
from app.stores.records import Job, JobStatus
from app.tools.arguments import LONGEST_PROJECT, Arguments, Line, OptionalHandle, OptionalLine
from app.tools.model_tool import REFUSALS, ModelTool, refused

MOST_LISTED = 50

Allows = Callable[[str, str], bool]
"""Tells whether a principal may call a tool."""


class JobsArguments(Arguments):
    """What to do with which job."""

    action: Literal["start", "list", "collect", "attach", "cancel"]
    job: OptionalHandle = None
    tool: Line = Field(default="", max_length=64, description="start: chat, consensus, …")
    arguments: dict[str, Any] = Field(default_factory=dict, description="start: that tool's")
    wait: float = Field(default=WAIT_SECONDS, ge=0, le=WAIT_SECONDS, description="collect: seconds at most")
    page: int = Field(default=1, ge=1, le=100_000, description="collect: part of a long answer")
    status: JobStatus | None = Field(default=None, description="list")
    project: OptionalLine = Field(default=None, max_length=LONGEST_PROJECT, description="list")


def jobs_tool(
    jobs: Jobs, store: JobStore, tools: Sequence[ModelTool[Any]], allows: Allows
) -> Tool[JobsArguments]:
    """Make the tool; `tools` are those that it can start."""
    actions = _Actions(jobs, store, {tool.name: tool for tool in tools}, allows)
    table: dict[str, Callable[[Call, JobsArguments], Awaitable[ToolResult]]] = {
        "start": actions.start,
        "list": actions.list,
        "collect": actions.collect,
        "attach": actions.attach,
        "cancel": actions.cancel,
    }

    async def handle(call: Call, arguments: JobsArguments) -> ToolResult:
        try:
            return await table[arguments.action](call, arguments)
        except REFUSALS as error:
            return refused(error)

    return Tool(
        name="jobs",
        title="Jobs",
        description="Every answer of a model is a job that goes on without you. `start` runs a tool in the "
        "background, `collect` fetches an answer or waits for it, `attach` follows it as it is written, "
        "`cancel` stops it and its cost, `list` shows yours. Use it for long questions, several at once, or "
        "after a call ended early.",
        arguments=JobsArguments,
        handler=handle,
        annotations={
            "readOnlyHint": False,
            "destructiveHint": False,
            "idempotentHint": False,
            "openWorldHint": True,
        },
    )


class _Actions:
    """One method an action."""

    def __init__(
        self, jobs: Jobs, store: JobStore, tools: Mapping[str, ModelTool[Any]], allows: Allows
    ) -> None:
        self._jobs = jobs
        self._store = store
        self._tools = tools
        self._allows = allows

    async def start(self, call: Call, arguments: JobsArguments) -> ToolResult:
        tool = self._tools.get(arguments.tool)
        if tool is None:
            raise RefusedError(f"`start` needs a `tool`, one of {', '.join(self._tools)}.")
        if not self._allows(call.principal, tool.name):
            raise RefusedError(
                f"{tool.name} was not started because this client may not call it: the operator can add it "
                f"to clients.{call.principal}.tools."
            )
        try:
            given = tool.arguments.model_validate(arguments.arguments)
        except ValidationError as error:
            raise RefusedError(
                f"{tool.name} was not started because its arguments do not fit: {faults(error)}."
            ) from None
        if given.no_store:
            raise RefusedError(
                f"{tool.name} was not started because nothing of it would be kept to be collected "
                f"(`no_store`): call it directly, or without `no_store`."
            )
        plan = await tool.plan(call, given)
        return await self._jobs.begin(call, plan.order, plan.script)

    async def list(self, call: Call, arguments: JobsArguments) -> ToolResult:
        jobs = await self._store.jobs(
            call.principal, status=arguments.status, project=arguments.project, most=MOST_LISTED
        )
        lines = [_line(job) for job in jobs] or ["There is no job here."]
        if len(jobs) == MOST_LISTED:
            lines.append(f"[The newest {MOST_LISTED}; `status` and `project` narrow it down.]")
        return ToolResult([text("\n".join(lines))], structured={"jobs": [_entry(job) for job in jobs]})

    async def collect(self, call: Call, arguments: JobsArguments) -> ToolResult:
        job = await self._store.job(call.principal, _needed(arguments))
        if not job.status.over:
            return await self._jobs.attach(call, job, arguments.wait)
        partial = "" if job.result is not None else await self._said(job)
        return rendering.of_job(job, partial, arguments.page)

    async def attach(self, call: Call, arguments: JobsArguments) -> ToolResult:
        job = await self._store.job(call.principal, _needed(arguments))
        return await self._jobs.attach(call, job)

    async def cancel(self, call: Call, arguments: JobsArguments) -> ToolResult:
        job = await self._jobs.cancel(call.principal, _needed(arguments))
        if job.status is JobStatus.RUNNING:
            return ToolResult([text(f"{job.id} is asked to stop; another replica runs it.")])
        words = f"{job.id} is {job.status.value}; it cost {as_usd(job.cost)} USD."
        return ToolResult([text(f"{words} `collect` shows what it had said.")])

    async def _said(self, job: Job) -> str:
        said, after = [], 0
        while pieces := await self._store.output(job.principal, job.id, after):
            said += [piece.text for piece in pieces]
            after = pieces[-1].number
        return "".join(said)


def _needed(arguments: JobsArguments) -> str:
    if arguments.job is None:
        raise RefusedError(f"`{arguments.action}` needs a `job`: `list` names those there are.")
    return arguments.job


def _entry(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "tool": job.tool,
        "status": job.status.value,
        "title": job.title,
        "project": job.project,
        "thread": job.thread,
        "created": job.created.isoformat(),
        "cost_nano_usd": job.cost,
    }


def _line(job: Job) -> str:
    facts = [
        job.status.value,
        f"{job.created:%Y-%m-%d %H:%M} UTC",
        f"{as_usd(job.cost)} USD",
        *([job.thread] if job.thread else []),
        *([f"project {job.project}"] if job.project else []),
    ]
    return f"- {job.id}: {job.tool}, {job.title or '(nothing kept)'} ({', '.join(facts)})"
