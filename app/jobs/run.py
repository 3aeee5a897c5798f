"""One job while it runs: its vendor calls with their failover, and what it has said."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any

import structlog
from msgspec.structs import replace

from app.budget.limits import today
from app.budget.worst_case import WorstCase
from app.ids import new_id
from app.jobs.account import Account, Held
from app.jobs.errors import RefusedError
from app.jobs.orders import Answer, Ask, Order, Outcome
from app.jobs.output import Output
from app.providers import tokens
from app.providers.errors import ProviderError
from app.providers.events import Done, Reasoning, Text, Usage
from app.providers.protocol import Gateway
from app.providers.records import Model
from app.providers.requests import Request
from app.stores.records import CallState, JobStatus, Settlement, Standing

Script = Callable[["Run"], Awaitable[Outcome]]
"""What a tool does: asks models through its run, and returns the whole answer."""

StandIn = Callable[[Model, frozenset[str]], Model | None]
"""Returns the model of another vendor that may answer in place of one, if it sees these media."""

STARTING = "starting"
"""The stage before the first; it is over in a moment, so a view waits for the next one."""

SHOWING_TURNS = 2
"""Turns of the event loop in which a view wakes, reports, and its frame leaves."""

ASKING_SECONDS = 0.02
"""How much later than its vendor whoever watches a job hears that the vendor is asked; if nothing else comes
first, of which there is then no need to hear."""

log = structlog.get_logger(__name__)


class Run:
    """What a script works with; `stage` is a word for whoever watches, `notes` belong below the answer."""

    def __init__(self, account: Account, *, gateway: Gateway, stand_in: StandIn) -> None:
        self.id = account.job
        self.order: Order = account.order
        self.account = account
        self.notes: list[str] = []
        self.began = time.time()
        self.stage = STARTING
        self.stopped: tuple[JobStatus, str] | None = None
        self.ending = False
        """Whether the script is over and only its end is left to be written down."""
        self.deadline: float | None = None
        self.task: asyncio.Task[Any] | None = None
        self._call = ""
        keep = None if self.order.no_store else lambda piece: account.keep(self._call, piece)
        self.output = Output(keep, self._told)
        self._gateway = gateway
        self._stand_in = stand_in

    def stop(self, status: JobStatus, sentence: str) -> None:
        """End the job with what it has; the first reason stands, and one whose script is over ends anyway."""
        if self.stopped is None and not self.ending and self.task is not None:
            self.stopped = (status, sentence)
            self.task.cancel()

    def say(self, text: str) -> None:
        """Add to what the client sees while it waits, and to what is kept if the job never ends."""
        self.output.add(text)

    def now(self, stage: str) -> None:
        """Say what is being done, for whoever watches."""
        self.stage = stage
        self.output.beat.now()

    async def ask(self, ask: Ask) -> Answer:
        """Make one vendor call, or where it fails before its first byte the same call at the other vendor.

        Raises:
            RefusedError: there is no money for it, or the prompt is longer than the model takes.
            ProviderError: no vendor gave a whole answer.
        """
        try:
            return await self._ask(ask, ask.model)
        except ProviderError as error:
            elsewhere = ask.stand_in and error.kind.elsewhere and not error.begun
            other = self._stand_in(ask.model, ask.media) if elsewhere else None
            if other is None:
                raise
            log.info("failing over", job=self.id, model=ask.model.id, kind=error.kind.value)
            self.account.observer.failed_over(ask.model, error.kind.value)
            self.notes.append(f"{other.id} stands in for {ask.model.id}: {error}")
        return await self._ask(ask, other)

    async def _ask(self, ask: Ask, model: Model) -> Answer:
        request = await self._request(ask, model)
        worst = WorstCase(model, tokens.most_input(request), request.max_output)
        call = worst.call(new_id("call"), today(), self.account.limits())
        stream = _Stream()
        # The request is made ready while the disk or the network is waited for, and leaves after that.
        meanwhile = asyncio.Event()
        holding = self.account.holding(call, meanwhile.set)
        holding.add_done_callback(lambda _: meanwhile.set())

        async def leave() -> int:
            held = await asyncio.shield(holding)
            if not stream.left:
                stream.left, self._call = True, call.id
                self.stage = f"asking {model.id}"
                # The request leaves before whoever watches is told.
                asyncio.get_running_loop().call_later(ASKING_SECONDS, self.output.beat.now)
            return worst.output_within(held.granted)

        request = replace(request, id=call.id, leave=leave)
        await meanwhile.wait()
        try:
            done = await self._read(request, ask, stream)
        except ProviderError as error:
            held = await asyncio.shield(holding)
            self.account.settle(_unfinished(request, held, stream, error))
            error.begun = stream.begun
            raise
        except BaseException:
            if stream.left:
                self.account.settle(_unfinished(request, holding.result(), stream, None))
            raise
        return self._answer(request, holding.result(), stream, done)

    async def _request(self, ask: Ask, model: Model) -> Request:
        request = Request(
            id="",
            model=model,
            messages=await ask.messages(model),
            max_output=min(ask.max_output or model.default_output, model.max_output or model.default_output),
            effort=ask.effort,
            functions=ask.functions,
            json_schema=ask.json_schema,
            conversation=self.account.thread or self.id,
            user=hashlib.sha256(self.order.principal.encode()).hexdigest()[:32],
            deadline=self.deadline,
        )
        length = tokens.estimate(request)
        if model.context is not None and length > model.context:
            raise RefusedError(
                f"The prompt has about {length:,} tokens and {model.id} takes {model.context:,}: send less, "
                "leave out files, or choose a model with a longer context (`listmodels`)."
            )
        return request

    async def _read(self, request: Request, ask: Ask, stream: "_Stream") -> Done:
        say = ask.into or self.output.add
        async with aclosing(self._gateway.stream(request)) as events:  # type: ignore[type-var]  # an async generator, typed as iterator by the Protocol
            async for event in events:
                if isinstance(event, Text):
                    first = not stream.text
                    if first:
                        self.stage = f"{request.model.id} is answering"
                    stream.text.append(event.text)
                    if ask.shown:
                        self._call = request.id
                        say(event.text)
                    if first:
                        # What came in one lump is read without a pause; the first words do not wait for it.
                        for _ in range(SHOWING_TURNS):
                            await asyncio.sleep(0)
                elif isinstance(event, Reasoning):
                    if not stream.begun:
                        self.now(f"{request.model.id} is thinking")
                    stream.reasoning.append(event.text)
                else:
                    return event
        raise AssertionError("a stream ends with Done or an error")

    def _answer(self, request: Request, held: Held, stream: "_Stream", done: Done) -> Answer:
        usage = done.usage or stream.usage(request)
        state = CallState.ESTIMATED if done.usage is None else CallState.SETTLED
        settlement = _settled(held, state, usage, request, done.request_id, done.finish)
        self.account.settle(settlement)
        return Answer(
            "".join(stream.text),
            "".join(stream.reasoning),
            request.model,
            done.finish,
            usage,
            settlement.cost,
            state is CallState.ESTIMATED,
            done.tool_calls,
        )

    def _told(self, standing: Standing) -> None:
        if not standing.ours:
            self.stop(JobStatus.INTERRUPTED, "Another replica found this one silent and ended the job.")
        else:
            self.stop(JobStatus.CANCELLED, "The job was cancelled.")


class _Stream:
    """What was heard of one vendor call so far."""

    def __init__(self) -> None:
        self.left = False  # whether the request may have left
        self.text: list[str] = []
        self.reasoning: list[str] = []

    @property
    def begun(self) -> bool:
        return bool(self.text or self.reasoning)

    def usage(self, request: Request) -> Usage:
        """Estimate what the vendor will count."""
        output = tokens.estimate_text("".join(self.text)) + tokens.estimate_text("".join(self.reasoning))
        return Usage(tokens.estimate(request), 0, output)


def _unfinished(request: Request, held: Held, stream: _Stream, error: ProviderError | None) -> Settlement:
    """Return what is owed for an answer that did not end: nothing, what was counted, or nobody knows yet."""
    request_id = None if error is None else error.request_id
    outcome = "stopped" if error is None else error.kind.value
    counted = None if error is None else error.usage
    if counted is not None:
        return _settled(held, CallState.SETTLED, counted, request, request_id, outcome)
    if error is not None and not stream.begun and (error.free or error.attempts == 0):
        return Settlement(held.call, CallState.RELEASED, request_id=request_id, outcome=outcome)
    return _settled(held, CallState.UNKNOWN, stream.usage(request), request, request_id, outcome)


def _settled(
    held: Held, state: CallState, usage: Usage, request: Request, request_id: str | None, outcome: str
) -> Settlement:
    cost = usage.cost(request.model.price)
    return Settlement(
        held.call,
        state,
        cost=cost if state is CallState.SETTLED else min(held.granted, cost),
        input_tokens=usage.input,
        cached_tokens=usage.cached,
        output_tokens=usage.output,
        reasoning_tokens=usage.reasoning,
        request_id=request_id,
        outcome=outcome,
    )
