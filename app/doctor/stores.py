"""The store and the shared state as the server will find them: asked, migrated and written to."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

from app.doctor.findings import Finding, fail, ok, warn
from app.health import Report
from app.settings import Settings
from app.shared import Shared, SharedUnavailableError
from app.stores import Store, StoreError
from app.stores.records import File

PRINCIPAL = "start-check"
"""The principal of this process itself; no client can have the name."""
_CONTENT = b"written by exai-mcp doctor"
LAGGING_SECONDS = 2.0
WRONG_SECONDS = 30.0
"""A lease is as long: past it replicas would take each other's jobs for lost."""


async def store(store: Store) -> list[Finding]:
    """Open the store as a server does, which migrates it, and write one file that expires at once."""
    try:
        await store.open()
        version = await store.schema_version()
        now = datetime.now(UTC)
        digest = hashlib.sha256(_CONTENT).hexdigest()
        await store.put_file(
            File(digest, PRINCIPAL, "doctor.txt", "text/plain", len(_CONTENT), now, now, _CONTENT)
        )
    except StoreError as error:
        return [fail("store", str(error))]
    return [ok("store", f"{store.name} answers, its schema is at {version}, and it can be written to.")]


async def shared_state(shared: Shared, settings: Settings) -> list[Finding]:
    """Ask the shared state, and compare its clock with ours."""
    if settings.redis_url is None:
        return [ok("shared state", "kept in this process, which is right for one replica.")]
    try:
        await shared.ping()
        # Positions in a stream are Redis' own milliseconds.
        position = await shared.append("doctor", b"", most=1, seconds=1.0)
    except SharedUnavailableError as error:
        return [fail("shared state", str(error))]
    theirs = datetime.fromtimestamp(int(position.partition("-")[0]) / 1000, UTC)
    return [ok("shared state", f"{shared.name} answers."), clock("Redis", theirs)]


def clock(
    whose: str, theirs: datetime, now: datetime | None = None, within: float = LAGGING_SECONDS
) -> Finding:
    """Compare a clock with ours; `within` is how exact the other one tells the time, in seconds."""
    seconds = (theirs - (now or datetime.now(UTC))).total_seconds()
    ahead = f"{abs(seconds):.1f} s {'behind' if seconds > 0 else 'ahead of'} {whose}'s"
    if abs(seconds) <= within:
        return ok("clock", f"agrees with {whose}'s.")
    if abs(seconds) <= WRONG_SECONDS:
        return warn("clock", f"This clock is {ahead}: have both follow NTP.")
    return fail("clock", f"This clock is {ahead}, and leases and sessions go wrong: have both follow NTP.")


def pinged(reports: Sequence[Report]) -> list[Finding]:
    """Turn what the server's own health asks about into findings; the store and the state were asked more."""
    return [
        (fail if report.required else warn)(report.name, report.reason)
        for report in reports
        if report.reason is not None
    ]
