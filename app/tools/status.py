"""`status`: what this server is, whether it can work, and what it allows."""

from collections.abc import Awaitable, Callable

from pydantic import BaseModel, ConfigDict

from app.protocol.tools import Call, Tool, ToolResult, text


class NoArguments(BaseModel):
    """Takes nothing."""

    model_config = ConfigDict(extra="forbid")


class DependencyStatus(BaseModel):
    """One thing the server leans on."""

    name: str
    kind: str
    required: bool
    ok: bool
    milliseconds: float
    reason: str | None


class VendorStatus(BaseModel):
    """Whether a vendor's models can be called."""

    name: str
    configured: bool


class Limits(BaseModel):
    """What one call may take."""

    max_message_bytes: int
    call_timeout_seconds: float
    detach_after_seconds: float


class Status(BaseModel):
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
    limits: Limits


def status_tool(describe: Callable[[], Awaitable[Status]]) -> Tool[NoArguments]:
    """Make the tool over whatever can describe the server."""

    async def handle(_: Call, __: NoArguments) -> ToolResult:
        status = await describe()
        return ToolResult(content=[text(as_text(status))], structured=status.model_dump(mode="json"))

    return Tool(
        name="status",
        title="Server status",
        description="Tells whether this server and what it depends on work, and its limits. "
        "Use it when another tool fails.",
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
    limits = status.limits
    lines.append(
        f"Limits: {limits.max_message_bytes} bytes a message, {limits.call_timeout_seconds:g} s a call, "
        f"detached after {limits.detach_after_seconds:g} s."
    )
    return "\n".join(lines)
