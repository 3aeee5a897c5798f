"""`status`: what this server is, whether it can work, what it allows, and what the caller has spent."""

from collections.abc import Awaitable, Callable

from pydantic import Field

from app.budget.limits import as_usd
from app.counted import counted
from app.protocol.tools import Call, Tool, ToolResult, text
from app.tools.arguments import Arguments, Facts
from app.tools.coalescing import Coalesced


class NoArguments(Arguments):
    """Takes nothing."""


class DependencyStatus(Facts):
    """One thing the server leans on."""

    name: str
    kind: str
    required: bool
    ok: bool
    milliseconds: float
    reason: str | None


class VendorStatus(Facts):
    """Whether a vendor's models can be called."""

    name: str
    configured: bool


class BreakerStatus(Facts):
    """A model that is not asked for a while, because its vendor failed; `until` is an ISO 8601 time."""

    vendor: str
    model: str
    until: str
    reason: str | None


class BudgetStatus(Facts):
    """One budget of the caller; what is left of it today is neither spent nor held for running calls."""

    scope: str
    nano_usd: int
    left_nano_usd: int


class SpendingStatus(Facts):
    """What the caller spent today with one model in one project."""

    project: str
    vendor: str
    model: str
    calls: int
    input_tokens: int
    output_tokens: int
    nano_usd: int


class Account(Facts):
    """What concerns the caller alone; days are UTC. `unknown` says why nothing of it is known."""

    client: str
    day: str
    budgets: list[BudgetStatus] = Field(default_factory=list)
    spent: list[SpendingStatus] = Field(default_factory=list)
    jobs_running: int = 0
    unknown: str | None = None


class Limits(Facts):
    """What one call may take."""

    max_message_bytes: int
    call_timeout_seconds: float
    detach_after_seconds: float


class Status(Facts):
    """Everything the tool answers; the text says the same."""

    status: str
    version: str
    environment: str
    replica: str
    uptime_seconds: int
    connections: int
    calls_in_flight: int
    dependencies: list[DependencyStatus]
    vendors: list[VendorStatus]
    breakers: list[BreakerStatus]
    account: Account
    limits: Limits


def status_tool(describe: Callable[[str], Awaitable[Status]]) -> Tool[NoArguments]:
    """Make the tool over whatever can describe the server to a principal."""

    async def found(principal: str) -> ToolResult:
        status = await describe(principal)
        return ToolResult(content=[text(as_text(status))], structured=status.model_dump(mode="json"))

    # It asks the store and says much: the cheapest call to make must not be the dearest to serve.
    coalesced = Coalesced(found)

    async def handle(call: Call, _: NoArguments) -> ToolResult:
        return await coalesced(call.principal)

    return Tool(
        name="status",
        title="Server status",
        description="Tells what you have spent and have left today, which of your jobs run, and whether the "
        "server, its vendors and what it depends on work. For when another tool fails.",
        arguments=NoArguments,
        handler=handle,
        output=Status,
        annotations={"readOnlyHint": True, "idempotentHint": True, "openWorldHint": False},
    )


def as_text(status: Status) -> str:
    """Say the whole status in words, one fact a line."""
    lines = [
        f"Status: {status.status}.",
        f"Version {status.version}, {status.environment}, replica {status.replica}, "
        f"up {status.uptime_seconds} s.",
        f"Connections: {status.connections}. Calls in flight: {status.calls_in_flight}.",
    ]
    for found in status.dependencies:
        need = "required" if found.required else "optional"
        state = f"ok in {found.milliseconds:g} ms" if found.ok else f"failing: {found.reason}"
        lines.append(f"{found.name} ({found.kind}, {need}): {state}")
    lines += [f"{vendor.name}: {'key set' if vendor.configured else 'no key'}" for vendor in status.vendors]
    lines += [
        f"{breaker.model} ({breaker.vendor}) is not asked until {breaker.until}: "
        f"{breaker.reason or 'it failed'}"
        for breaker in status.breakers
    ]
    lines += _account(status.account)
    limits = status.limits
    lines.append(
        f"Limits: {limits.max_message_bytes} bytes a message, {limits.call_timeout_seconds:g} s a call, "
        f"detached after {limits.detach_after_seconds:g} s."
    )
    return "\n".join(lines)


def _account(account: Account) -> list[str]:
    if account.unknown is not None:
        return [f"What client '{account.client}' has spent is not known now: {account.unknown}"]
    lines = [
        f"Budget of {budget.scope} for {account.day} (UTC): {as_usd(budget.left_nano_usd)} USD left of "
        f"{as_usd(budget.nano_usd)}."
        for budget in account.budgets
    ]
    lines += [
        f"Spent today on {row.model} ({row.vendor}){f' in project {row.project}' if row.project else ''}: "
        f"{as_usd(row.nano_usd)} USD, {counted(row.calls, 'call')}, {counted(row.input_tokens, 'token')} in, "
        f"{row.output_tokens:,} out."
        for row in account.spent
    ] or ["Nothing spent today."]
    return [*lines, f"Your jobs running: {account.jobs_running}."]
