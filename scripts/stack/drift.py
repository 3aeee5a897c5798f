"""`drift`: what somebody changed behind Pulumi's back, as a table; non-zero if there is anything."""

from collections.abc import Iterator

from infra import engine
from scripts.stack import parts
from scripts.stack.errors import StackError
from scripts.stack.refreshed import ALONE
from scripts.stack.refreshed import drift as found_by
from scripts.stack.session import Session

DRIFTED = 1


def drift(session: Session) -> int:
    """Compare what runs with the state; nothing is changed."""
    parts.require_engine()
    if not session.pulumi.resources():
        raise StackError(
            f"There is nothing to compare: the stack {session.file.stack} is not up, and "
            f"`{session.site.make('up')}` creates it."
        )
    rows = [*_changed(session), *_unhealthy(session)]
    if not rows:
        print("No drift: what runs is what the state says.")
        return 0
    width = max(len(name) for name, _ in rows)
    for name, what in rows:
        print(f"{name:<{width}}  {what}")
    print(f"The update is `{session.site.make('up')}`.")
    return DRIFTED


def _changed(session: Session) -> Iterator[tuple[str, str]]:
    watched = session.open().watch("refresh", "--preview-only")
    for event in watched.events:
        if "resOutputsEvent" in event:
            for one in found_by(event["resOutputsEvent"]["metadata"], ALONE):
                what = f"{one.part.kind} {one.what}" if one.what == "is gone" else one.what
                yield one.part.name, f"{what}: {one.mend}"
    if watched.status:
        raise StackError("The engine could not be compared with the state: `make preview` may say why.")


def _unhealthy(session: Session) -> Iterator[tuple[str, str]]:
    """Name the containers that run without being healthy; Pulumi does not look at health."""
    for one in parts.containers(session.site):
        if one.runs and (state := engine.health(one.name)) != "healthy":
            logs = session.site.make("logs")
            yield one.name, f"is {state}: no update mends that by itself, `{logs}` may say what does"
