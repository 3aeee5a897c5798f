"""A running job as whoever watches it sees it."""

from dataclasses import dataclass

from app.jobs.run import Run


@dataclass(frozen=True, slots=True)
class Progress:
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
            account.model,
            run.stage,
            run.began,
            account.cost,
            account.about(run.output.length),
            run.output.length,
            not order.no_store,
        )
