"""Jobs in words: the answer with its footer, and what is said of one that has none.

What is longer than a page is answered in parts, of which the store has the whole.
"""

from collections.abc import Mapping
from typing import Any

from app.budget.limits import as_usd
from app.counted import counted
from app.jobs.account import Account
from app.jobs.orders import Outcome
from app.jobs.pages import page, pages
from app.protocol.tools import ToolResult, text
from app.stores.records import CallState, Job, JobStatus

WAIT_SECONDS = 50
"""What the advice to collect suggests to wait at most in one call."""


def completed(account: Account, outcome: Outcome, notes: list[str]) -> dict[str, Any]:
    """Return what is kept as the result of a finished job: `text` with its footer, `meta`, `structured`."""
    calls = [(call, settlement) for call, settlement in account.settled if settlement.output_tokens]
    sums = {
        "input_tokens": sum(settlement.input_tokens for _, settlement in calls),
        "cached_tokens": sum(settlement.cached_tokens for _, settlement in calls),
        "output_tokens": sum(settlement.output_tokens for _, settlement in calls),
    }
    models = list(dict.fromkeys(call.model for call, _ in calls))
    if not models and outcome.model is not None:
        models = [outcome.model.id]
    estimated = any(settlement.state is not CallState.SETTLED for _, settlement in account.settled)
    cached = f" ({sums['cached_tokens']:,} cached)" if sums["cached_tokens"] else ""
    used = f"{counted(sums['input_tokens'], 'token')} in{cached}, {sums['output_tokens']:,} out"
    footer = [
        *([" + ".join(models), used] if models else []),
        f"{'about ' if estimated else ''}{as_usd(account.cost)} USD",
        _kept_as(account),
    ]
    below = [*notes, *outcome.notes]
    meta: dict[str, Any] = {
        **({"exai/job": account.job} if account.started else {}),
        **({"exai/models": models, "exai/usage": sums} if models else {}),
        "exai/cost-nano-usd": account.cost,
        **({"exai/cost-estimated": True} if estimated else {}),
        **({"exai/thread": account.thread} if account.thread else {}),
        **({"exai/notes": below} if below else {}),
        **outcome.meta,
    }
    lines = [outcome.text.rstrip(), "", *(f"Note: {note}" for note in below), f"[{' · '.join(footer)}]"]
    kept: dict[str, Any] = {"text": "\n".join(lines), "meta": meta}
    return kept if outcome.structured is None else kept | {"structured": dict(outcome.structured)}


def result_of(kept: Mapping[str, Any], number: int | None = 1) -> ToolResult:
    """Return a kept result, or a part of it, as the tool's answer; all of it where there is no more to fetch.

    `number` is the part, or None for all.
    """
    words: str = kept["text"]
    if number is not None:
        # The footer is the last line, and belongs to every part.
        answer, _, footer = words.rpartition("\n")
        words = f"{page(answer, number, _rest(kept['meta']['exai/job']))}\n{footer}"
    return ToolResult([text(words)], structured=kept.get("structured"), meta=dict(kept["meta"]))


def failed(
    job: str,
    status: JobStatus,
    fault: str,
    partial: str,
    thread: str | None,
    cost: int,
    number: int | None = 1,
) -> ToolResult:
    """Return what is said of a job that has no whole answer: why, and what there is of it."""
    meta: dict[str, Any] = {"exai/job": job, "exai/status": status.value, "exai/cost-nano-usd": cost}
    if thread:
        meta["exai/thread"] = thread
    if not partial:
        return ToolResult([text(fault)], is_error=True, meta=meta)
    shown = partial if number is None else page(partial, number, _rest(job))
    words = f"{fault}\n\nThis is what had come until then, and it is incomplete:\n\n{shown}"
    return ToolResult([text(words)], is_error=True, meta=meta)


def running(job: str, tool: str, stage: str, partial: str, thread: str | None) -> ToolResult:
    """Return what a call is answered with whose job goes on without it."""
    words = [
        f"The answer is not there yet, and it goes on without this call: {tool} runs as {job} ({stage}). "
        f'Fetch it with the tool `jobs`: {{"action": "collect", "job": "{job}"}}, which waits up to '
        f"{WAIT_SECONDS} s, again and again if need be; nothing is run or paid twice.",
    ]
    if partial:
        parts = pages(partial)
        words += ["So far:" if len(parts) == 1 else "So far, the latest of it:", parts[-1]]
    meta: dict[str, Any] = {"exai/job": job, "exai/status": JobStatus.RUNNING.value}
    if thread:
        meta["exai/thread"] = thread
    return ToolResult([text("\n\n".join(words))], meta=meta)


def of_job(job: Job, partial: str, number: int = 1) -> ToolResult:
    """Return what a call is answered with that asks for a job, whatever its state, or for a part of it."""
    if job.status is JobStatus.RUNNING:
        return running(job.id, job.tool, "running", partial, job.thread)
    if job.result is not None:
        return result_of(job.result, number)
    if job.status is JobStatus.COMPLETED:
        fault = (
            f"{job.id} has ended, and its answer was not kept because the call asked for that (`no_store`)."
        )
        return failed(job.id, job.status, fault, "", job.thread, job.cost)
    fault = job.fault or f"{job.id} has failed."
    return failed(job.id, job.status, fault, partial, job.thread, job.cost, number)


def _rest(job: str) -> str:
    # Doubled braces: `page` puts the number in.
    return f'`jobs` with {{{{"action": "collect", "job": "{job}", "page": {{page}}}}}}.'


def _kept_as(account: Account) -> str:
    if account.order.no_store or not account.started:
        return "nothing kept"
    return account.thread or account.job
