"""A tool that vendors are paid for: it plans a job, which is served at once or started in the background."""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from msgspec import Struct
from pydantic import BaseModel

from app.files.errors import FileRefusedError
from app.jobs.errors import RefusedError
from app.jobs.jobs import Jobs
from app.jobs.orders import Order
from app.jobs.run import Script
from app.protocol.tools import Call, Tool, ToolResult, text
from app.stores import StoreError

A = TypeVar("A", bound=BaseModel)

ANNOTATIONS = {
    "readOnlyHint": False,
    "destructiveHint": False,
    "idempotentHint": False,
    "openWorldHint": True,
}
"""It adds to a thread and costs money, removes nothing, and what it sends goes to a vendor."""


class Plan(Struct, frozen=True):
    """One job that is ready to be run."""

    order: Order
    script: Script


class ModelTool(Struct, Generic[A], frozen=True):
    """One such tool; `plan` may refuse, with a RefusedError, FileRefusedError or StoreError."""

    name: str
    title: str
    description: str
    arguments: type[A]
    plan: Callable[[Call, A], Awaitable[Plan]]

    def served_by(self, jobs: Jobs) -> Tool[A]:
        """Return the tool as clients call it: it answers when its job does, or says how to fetch that later.

        The job goes on without the client.
        """

        async def handle(call: Call, arguments: A) -> ToolResult:
            try:
                plan = await self.plan(call, arguments)
            except REFUSALS as error:
                return refused(error)
            return await jobs.serve(call, plan.order, plan.script)

        return Tool(self.name, self.title, self.description, self.arguments, handle, annotations=ANNOTATIONS)


REFUSALS = (RefusedError, FileRefusedError, StoreError)
"""What ends a call before there is a job."""


def refused(error: Exception) -> ToolResult:
    """Return what a call is answered with that came to nothing."""
    return ToolResult([text(str(error))], is_error=True)
