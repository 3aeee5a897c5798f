"""Runs a script to its end and writes the end down: whatever happens, exactly one."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import structlog

from app.jobs import rendering
from app.jobs.errors import Earlier, RefusedError
from app.jobs.orders import Outcome
from app.jobs.run import Run, Script
from app.protocol.tools import ToolResult
from app.providers.errors import ProviderError
from app.stores import StoreError, StoreUnavailableError
from app.stores.records import JobStatus, Turn

END_SECONDS = 60.0
"""How long the end of a job is tried to be written down while the store is away."""

END_PAUSE_SECONDS = 1.0

UNKEPT = (
    "this answer is not kept, because the store was away or took this server for dead: copy what you need "
    "of it; what had been streamed before may be in the job"
)

log = structlog.get_logger(__name__)


async def execute(run: Run, script: Script, seconds: float) -> ToolResult:
    """Run a script for at most so long, and return what its call is answered with.

    Raises:
        Earlier: the call was made before, with the same idempotency key.
    """
    played = await _play(run, script, seconds)
    await run.account.at_rest()
    if isinstance(played, Outcome):
        return await _completed(run, played)
    return await _failed(run, *played)


async def _play(run: Run, script: Script, seconds: float) -> Outcome | tuple[JobStatus, str]:
    """Return what the script came to: an outcome, or how the job ends without one and why.

    When this returns nothing can stop the job any more; its end is written down in peace.
    """
    run.deadline = asyncio.get_running_loop().time() + seconds
    try:
        async with asyncio.timeout_at(run.deadline):
            return await script(run)
    except Earlier:
        raise
    except TimeoutError:
        return JobStatus.FAILED, f"The call took longer than {seconds:g} s (CALL_TIMEOUT)."
    except asyncio.CancelledError:
        if run.stopped is None:
            raise
        return run.stopped
    except (RefusedError, ProviderError, StoreError) as error:
        return JobStatus.FAILED, str(error)
    except Exception:
        log.exception("a job failed in a way nobody foresaw", job=run.id, tool=run.order.tool)
        return JobStatus.FAILED, f"The server failed on {run.id}; its log has the details."
    finally:
        run.ending = True


async def _completed(run: Run, outcome: Outcome) -> ToolResult:
    account = run.account
    result = rendering.completed(account, outcome, run.notes)
    answer = Turn(
        account.number or 0,
        "assistant",
        outcome.text if outcome.kept is None else outcome.kept,
        datetime.now(UTC),
        reasoning=outcome.reasoning,
        model=outcome.model.id if outcome.model else None,
        tool=run.order.tool,
        job=run.id,
        files=outcome.files,
        partial=outcome.partial,
        input_tokens=sum(settlement.input_tokens for _, settlement in account.settled),
        output_tokens=sum(settlement.output_tokens for _, settlement in account.settled),
        cost=account.cost,
    )
    written = await _write_end(run, JobStatus.COMPLETED, result=result, fault=None, answer=answer)
    if not written:
        result = rendering.completed(account, outcome, [*run.notes, UNKEPT])
    # Only what was kept can be answered in parts.
    kept = written and account.started and not run.order.no_store
    return rendering.result_of(result, 1 if kept else None)


async def _failed(run: Run, status: JobStatus, fault: str) -> ToolResult:
    account, partial = run.account, run.output.text
    answer = None
    if partial:
        answer = Turn(
            account.number or 0,
            "assistant",
            partial,
            datetime.now(UTC),
            model=account.settled[-1][0].model if account.settled else None,
            tool=run.order.tool,
            job=run.id,
            partial=True,
            cost=account.cost,
        )
    written = await _write_end(run, status, result=None, fault=fault, answer=answer)
    kept = written and account.started and not run.order.no_store
    return rendering.failed(run.id, status, fault, partial, account.thread, account.cost, 1 if kept else None)


async def _write_end(
    run: Run, status: JobStatus, *, result: Mapping[str, Any] | None, fault: str | None, answer: Turn | None
) -> bool:
    """Have the store know how the job ended; return whether it does."""
    run.account.observer.ended(run.order, status, started=run.account.started)
    await run.output.close()
    if not run.account.started:
        return True
    try:
        async with asyncio.timeout(END_SECONDS):
            while True:
                try:
                    return await run.account.end(status, result=result, fault=fault, answer=answer)
                except StoreUnavailableError as error:
                    log.warning("the end of a job is not written down yet", job=run.id, reason=str(error))
                    await asyncio.sleep(END_PAUSE_SECONDS)
    except TimeoutError:
        log.error("the end of a job was not written down", job=run.id)  # noqa: TRY400 - no bug of ours
    except StoreError as error:
        log.error("the end of a job was refused", job=run.id, reason=str(error))  # noqa: TRY400 - as above
    return False
