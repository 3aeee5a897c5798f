"""A running job as whoever watches it sees it."""

from msgspec import Struct

from app.jobs.account import Account
from app.jobs.run import Run

CHARACTERS_PER_TOKEN = 4
"""Of English; good enough for a figure that says `about`."""


class Progress(Struct, frozen=True):
    """How far one job is; `began` is seconds since 1970, `cost` nano-USD of the calls that were settled.

    `about` is an estimate that has the running calls in it.
    """

    job: str
    principal: str
    tool: str
    title: str
    project: str
    thread: str | None
    model: str
    stage: str
    began: float
    cost: int
    about: int
    characters: int
    kept: bool

    @classmethod
    def of(cls, run: Run) -> "Progress":
        """Look at a run now."""
        order, account = run.order, run.account
        return cls(
            run.id,
            order.principal,
            order.tool,
            order.title,
            order.project,
            account.thread,
            account.calls[-1].model if account.calls else "",
            run.stage,
            run.began,
            account.cost,
            _about(account, run.output.length),
            run.output.length,
            not order.no_store,
        )


def _about(account: Account, characters: int) -> int:
    """Estimate what a job has cost so far with its running calls, of which only this much was heard."""
    known = {settlement.call for _, settlement in account.settled}
    running = [call for call in account.calls if call.id not in known]
    heard = characters // CHARACTERS_PER_TOKEN - sum(one.output_tokens for _, one in account.settled)
    dearest = max((call.output_price for call in running), default=0)
    return account.cost + sum(call.input_cost for call in running) + max(0, heard) * dearest
