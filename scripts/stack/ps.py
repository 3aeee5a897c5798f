"""`ps`: the stack's containers, their health and ports."""

from infra import engine
from scripts.stack import parts
from scripts.stack.session import Session

COLUMNS = "table {{.Names}}\t{{.Status}}\t{{.Ports}}\t{{.Image}}"


def ps(session: Session) -> int:
    """List the containers, running or not."""
    parts.require_engine()
    print(engine.ask("ps", "--all", "--format", COLUMNS, *parts.filters(session.site)), end="")
    return 0
