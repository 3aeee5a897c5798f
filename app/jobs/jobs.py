"""The jobs of one replica: started by tools, watched by requests, ended whole whatever becomes of either."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

import structlog
from structlog.contextvars import bind_contextvars

from app.budget.limits import Budgets
from app.ids import new_id
from app.jobs import rendering
from app.jobs.account import Account
from app.jobs.errors import Earlier
from app.jobs.execution import execute
from app.jobs.following import Follower
from app.jobs.observer import UNOBSERVED, Observer
from app.jobs.orders import Order
from app.jobs.progress import Progress
from app.jobs.run import STARTING, Run, Script, StandIn
from app.jobs.view import View
from app.protocol.eager import start
from app.protocol.tools import Call, ToolResult, text
from app.providers.protocol import Gateway
from app.stores import JobStore
from app.stores.records import Job, JobStatus

KIND = "job"
"""What the replicas' bus carries for jobs: `{"job": …, "cancel": true}`, `{"job": …}` when one has moved."""

MAX_RUNNING = 200
"""Jobs one replica runs at once; the next one is refused before anything is paid."""

FULL = f"{MAX_RUNNING} jobs are running on this server: wait for one to end, then call again."

LOGGED_ID_CHARACTERS = 64
"""A request's id is whatever its client made up."""

LEAVING = "The server was stopped before the answer was whole (DRAIN_TIMEOUT)."
CANCELLED = "The job was cancelled."

log = structlog.get_logger(__name__)


class Says(Protocol):
    """The part of the replicas' bus that says and hears."""

    def on(self, kind: str, handler: Callable[[dict[str, Any]], None]) -> None:
        """Have a handler called with everything of one kind."""

    def say(self, kind: str, content: dict[str, Any]) -> None:
        """Tell all replicas; never waits."""


class Jobs:
    """Starts, shows, cancels and ends jobs; what other replicas run is seen through the store."""

    def __init__(
        self,
        store: JobStore,
        gateway: Gateway,
        budgets: Budgets,
        bus: Says,
        *,
        replica: str,
        stand_in: StandIn,
        call_seconds: float,
        detach_seconds: float,
        observer: Observer = UNOBSERVED,
    ) -> None:
        self._store = store
        self._gateway = gateway
        self._budgets = budgets
        self._bus = bus
        self._replica = replica
        self._stand_in = stand_in
        self._call_seconds = call_seconds
        self._detach_seconds = detach_seconds
        self._observer = observer
        self._running: dict[str, tuple[Run, asyncio.Task[ToolResult]]] = {}
        self._follower = Follower(store)
        self.when_ended: Callable[[Run], None] = lambda _run: None
        """Called when a job of this replica is over, whatever became of it."""
        bus.on(KIND, self._hear)

    def __len__(self) -> int:
        return len(self._running)

    @property
    def full(self) -> bool:
        """Whether one more would be too many."""
        return len(self._running) >= MAX_RUNNING

    def progress(self, principal: str) -> list[Progress]:
        """Return how far a client's jobs of this replica are, in the order in which they were started."""
        return [Progress.of(run) for run, _ in self._running.values() if run.order.principal == principal]

    async def serve(self, call: Call, order: Order, script: Script) -> ToolResult:
        """Run a script as a job and watch it for a call: its answer, or how to fetch it later."""
        if self.full:
            return _error(FULL)
        # The context is this call's own, and the job's task takes a copy: every line of the job bears the id.
        bind_contextvars(request_id=str(call.request_id)[:LOGGED_ID_CHARACTERS])
        run, task = self._launch(order, script)
        try:
            return await self._watch(call, run, task)
        except Earlier as earlier:
            return await self.attach(call, earlier.job)

    async def begin(self, call: Call, order: Order, script: Script) -> ToolResult:
        """Run a script as a job and answer once it exists: how to fetch it, or why there is none."""
        if self.full:
            return _error(FULL)
        run, task = self._launch(order, script)
        try:
            if not await _begun(run, task):
                return await task
        except Earlier as earlier:
            return await self.attach(call, earlier.job, 0)
        except asyncio.CancelledError:
            if call.cancelled_by_client:
                run.stop(JobStatus.CANCELLED, CANCELLED)
            raise
        return rendering.running(run.id, run.order.tool, run.stage, "", run.account.thread)

    async def attach(self, call: Call, job: Job, seconds: float | None = None) -> ToolResult:
        """Watch a job for a call, wherever it runs, for so long or for as long as a call is given."""
        patience = self._detach_seconds if seconds is None else min(seconds, self._detach_seconds)
        here = self._running.get(job.id)
        if here is not None:
            run, task = here
            view = View(call, lambda: (run.stage, run.output.text), run.output.beat.next)
            if await view.until(task, patience):
                return await _shown(task)
            return rendering.running(run.id, run.order.tool, run.stage, run.output.text, run.account.thread)
        return await self._follower.follow(call, job, patience)

    async def cancel(self, principal: str, job: str) -> Job:
        """Ask for a job to end, wherever it runs; return it as it then stands.

        Raises:
            NotFoundError: there is no such job of this principal.
        """
        found = await self._store.request_cancel(principal, job)
        if not found.status.over:
            self._bus.say(KIND, {"job": job, "cancel": True})
            await self._stop_here(job, JobStatus.CANCELLED, CANCELLED)
            found = await self._store.job(principal, job)
        return found

    def stop(self, job: str) -> None:
        """End a job of this replica that was cancelled; of another one nothing happens."""
        if job in self._running:
            self._running[job][0].stop(JobStatus.CANCELLED, CANCELLED)

    async def drain(self, seconds: float) -> None:
        """Let what runs come to its end for so long, then end it with what it has."""
        tasks = [task for _, task in self._running.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)
        for run, task in list(self._running.values()):
            run.stop(JobStatus.INTERRUPTED, LEAVING)
            tasks.append(task)
        if tasks:
            await asyncio.wait(tasks)

    def _launch(self, order: Order, script: Script) -> tuple[Run, "asyncio.Task[ToolResult]"]:
        account = Account(
            new_id("job"),
            order,
            store=self._store,
            budgets=self._budgets,
            replica=self._replica,
            observer=self._observer,
        )
        run = Run(account, gateway=self._gateway, stand_in=self._stand_in)
        loop = asyncio.get_running_loop()
        run.task = task = start(execute(run, script, self._call_seconds), loop, run.id)
        self._running[run.id] = (run, task)
        task.add_done_callback(lambda _: self._ended(run))
        return run, task

    async def _watch(self, call: Call, run: Run, task: "asyncio.Task[ToolResult]") -> ToolResult:
        view = View(call, lambda: (run.stage, run.output.text), run.output.beat.next, shown=STARTING)
        kept = not run.order.no_store
        try:
            # A handle is given out only for a job that is there.
            if await view.until(task, self._detach_seconds if kept else None) or not await _begun(run, task):
                return await asyncio.shield(task)
            if await call.detach(task_id=run.id):
                return await asyncio.shield(task)
            return rendering.running(run.id, run.order.tool, run.stage, run.output.text, run.account.thread)
        except asyncio.CancelledError:
            # A client that is gone loses its view, not its answer, unless nothing keeps the answer.
            if call.cancelled_by_client or not kept:
                run.stop(JobStatus.CANCELLED, CANCELLED)
            raise

    def _ended(self, run: Run) -> None:
        del self._running[run.id]
        run.output.beat.now()
        self._bus.say(KIND, {"job": run.id})
        self.when_ended(run)

    async def _stop_here(self, job: str, status: JobStatus, sentence: str) -> None:
        here = self._running.get(job)
        if here is not None:
            run, task = here
            run.stop(status, sentence)
            await asyncio.wait({task})

    def _hear(self, content: dict[str, Any]) -> None:
        if content.get("cancel"):
            self.stop(content["job"])
        else:
            self._follower.moved(content["job"])


async def _begun(run: Run, task: "asyncio.Task[ToolResult]") -> bool:
    """Wait until the store has the job, or there will be none; return whether it has and goes on."""
    begun = asyncio.create_task(run.account.begun.wait())
    try:
        await asyncio.wait({task, begun}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        begun.cancel()
    return not task.done()


async def _shown(task: "asyncio.Task[ToolResult]") -> ToolResult:
    try:
        return await asyncio.shield(task)
    except Earlier as earlier:
        return rendering.of_job(earlier.job, "")


def _error(sentence: str) -> ToolResult:
    return ToolResult([text(sentence)], is_error=True)
