"""The store's side of one running job: it is made with its first vendor call, and every call is paid for.

A settlement is written with the next thing the store is told about the job, so that an answer costs one
round trip before its first byte and one after its last.
"""

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from app.budget.limits import Budgets, today, too_little
from app.ids import new_id
from app.jobs.errors import Earlier, RefusedError
from app.jobs.observer import UNOBSERVED, Observer
from app.jobs.orders import Order
from app.protocol.eager import start
from app.stores import JobStore
from app.stores.protocol import Meanwhile
from app.stores.records import (
    AuditEvent,
    CallState,
    Finish,
    Grant,
    JobStatus,
    Limit,
    NewCall,
    NewJob,
    Piece,
    Settlement,
    Standing,
    Turn,
)

LEASE_SECONDS = 30.0
"""How long a replica may be silent before its jobs count as interrupted."""

KEY_SECONDS = 24 * 3600.0
"""How long an idempotency key is remembered."""

MAX_CALLS = 16
"""Vendor calls one job may make, whatever its script does."""


class Held(Struct, frozen=True):
    """Money that is held for one vendor call."""

    call: str
    granted: int


class Account:
    """Starts the job, holds and settles its money, and ends it."""

    def __init__(
        self,
        job: str,
        order: Order,
        *,
        store: JobStore,
        budgets: Budgets,
        replica: str,
        observer: Observer = UNOBSERVED,
    ) -> None:
        self.job = job
        self.order = order
        self.thread = order.thread
        self.number: int | None = None
        self.started = False
        self.begun = asyncio.Event()
        self.settled: list[tuple[NewCall, Settlement]] = []
        self.observer = observer
        self._store = store
        self._budgets = budgets
        self._replica = replica
        self._calls: dict[str, NewCall] = {}
        self._began: dict[str, float] = {}
        self._due: list[Settlement] = []
        self._one_at_a_time = asyncio.Lock()

    @property
    def cost(self) -> int:
        """What the settled calls cost so far, in nano-USD."""
        return sum(settlement.cost for _, settlement in self.settled)

    @property
    def calls(self) -> tuple[NewCall, ...]:
        """Every call that money was held for, settled or not."""
        return tuple(self._calls.values())

    def limits(self) -> tuple[Limit, ...]:
        """Return the budgets that the next call must fit into."""
        return self._budgets.limits(self.order.principal, self.order.project)

    def flat(self, vendor: str, service: str, cost: int) -> NewCall:
        """Return the wish for money of a vendor call that has a price of its own, for instance a search."""
        return NewCall(new_id("call"), vendor, service, today(), cost, cost, cost, 0, self.limits())

    async def hold(self, call: NewCall) -> Held:
        """Hold money for one vendor call; the first one makes the job.

        Raises:
            RefusedError: the budget has too little left, or the idempotency key belongs to another call.
            Earlier: the idempotency key belongs to this very call.
            NotFoundError: the thread or a file is not this principal's.
        """
        return await asyncio.shield(self.holding(call))

    def holding(self, call: NewCall, meanwhile: Meanwhile | None = None) -> "asyncio.Task[Held]":
        """Begin to hold money for one vendor call; see `hold`. Whoever gives up leaves this alone."""
        return start(self._hold(call, meanwhile), asyncio.get_running_loop(), "hold")

    async def at_rest(self) -> None:
        """Wait until the store has answered what it was asked, also by those who gave up waiting.

        What it was told must be known here too, or nobody would end the job or give money back.
        """
        async with self._one_at_a_time:
            pass

    async def _hold(self, call: NewCall, meanwhile: Meanwhile | None) -> Held:
        async with self._one_at_a_time:
            if len(self._calls) >= MAX_CALLS:
                raise RefusedError(
                    f"This job has made its {MAX_CALLS} vendor calls and needs more: ask for less."
                )
            grant = await (self._reserve(call, meanwhile) if self.started else self._start(call, meanwhile))
            if grant.refused:
                raise RefusedError(too_little(call, grant))
            self._calls[call.id] = call
            self._began[call.id] = time.monotonic()
        return Held(call.id, grant.granted)

    def settle(self, settlement: Settlement) -> None:
        """Take note of what a call came to."""
        call = self._calls[settlement.call]
        self.settled.append((call, settlement))
        seconds = time.monotonic() - self._began[call.id]
        self.observer.settled(self.job, self.order, call, settlement, seconds)
        self._due.append(settlement)

    async def keep(self, call: str, piece: Piece) -> Standing:
        """Keep a piece of output."""
        return await self._store.append_output(self.job, self._replica, call, piece)

    async def end(
        self, status: JobStatus, *, result: Mapping[str, Any] | None, fault: str | None, answer: Turn | None
    ) -> bool:
        """Write down how the job ended; it must have started.

        Returns whether it was still ours to end. If not, its money is settled all the same.
        """
        known = {settlement.call for _, settlement in self.settled}
        for call in self._calls.keys() - known:
            self.settle(Settlement(call, CallState.RELEASED, outcome="not asked"))
        facts: dict[str, Any] = {
            **self._facts(),
            "outcome": status.value,
            "cost_nano_usd": self.cost,
            "models": sorted({call.model for call, _ in self.settled}),
            "calls": len(self.settled),
            "input_tokens": sum(settlement.input_tokens for _, settlement in self.settled),
            "output_tokens": sum(settlement.output_tokens for _, settlement in self.settled),
        }
        finish = Finish(
            self.job,
            self._replica,
            status,
            result=None if self.order.no_store else result,
            fault=fault,
            answer=None if self.number is None else answer,
            settlements=tuple(self._due),
            audit=AuditEvent("job ended", facts),
        )
        ours = await self._store.finish_job(finish)
        if ours:
            self._due.clear()
        await self._settle_due()
        return ours

    async def _start(self, call: NewCall, meanwhile: Meanwhile | None) -> Grant:
        order = self.order
        new_thread = order.thread is None and order.threaded and not order.no_store
        thread = new_id("thread") if new_thread else None if order.no_store else order.thread
        job = NewJob(
            self.job,
            order.principal,
            order.tool,
            order.project,
            order.title,
            order.digest,
            self._replica,
            LEASE_SECONDS,
            no_store=order.no_store,
            thread=thread,
            new_thread=new_thread,
            idempotency_key=order.idempotency_key,
            key_seconds=KEY_SECONDS,
        )
        prompt = Turn(0, "user", order.prompt, datetime.now(UTC), tool=order.tool, files=order.files)
        audit = AuditEvent("job started", self._facts() | {"thread": thread or ""})
        started = await self._store.start_job(
            job,
            prompt=prompt if thread is not None else None,
            call=call,
            audit=audit,
            meanwhile=meanwhile,
        )
        if started.grant is not None and started.grant.refused:
            return started.grant
        if started.fresh and started.grant is not None:
            self.started, self.thread = started.job is not None, thread or order.thread
            self.number = started.job.number if started.job else None
            if self.started:
                self.begun.set()
            return started.grant
        earlier = started.job
        if earlier is None or earlier.digest != order.digest:
            raise RefusedError(
                "This idempotency key was used within the last day for another call, so this one was not "
                "made: use a new key for each different call."
            )
        raise Earlier(earlier)

    async def _reserve(self, call: NewCall, meanwhile: Meanwhile | None) -> Grant:
        await self._settle_due()
        return await self._store.reserve(self.job, call, meanwhile=meanwhile)

    async def _settle_due(self) -> None:
        while self._due:
            await self._store.settle(self._due[0])
            self._due.pop(0)

    def _facts(self) -> dict[str, Any]:
        order = self.order
        return {"job": self.job, "tool": order.tool, "project": order.project, "arguments": order.digest}
