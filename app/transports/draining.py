"""Lets what runs finish, up to a moment; then stops it, answered."""

import asyncio

from app.protocol.session import Session

STOP_SECONDS = 1.0
"""How long a stopped call may take to answer."""

SHUTTING_DOWN = "the server is shutting down"


async def finish_calls(session: Session, deadline: float, reason: str = SHUTTING_DOWN) -> None:
    """Wait for a session's calls until `deadline` on the event loop's clock, then stop the rest.

    `reason` is what they are answered with, the rest of a sentence.
    """
    left = deadline - asyncio.get_running_loop().time()
    if not await _answered(session, left):
        session.stop(reason)
        await _answered(session, STOP_SECONDS)


async def _answered(session: Session, seconds: float) -> bool:
    tasks = [call.task for call in session.calls.values() if call.task is not None]
    if tasks and seconds > 0:
        await asyncio.wait(tasks, timeout=seconds)
    return not session.calls
