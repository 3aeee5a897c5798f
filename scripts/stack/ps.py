"""`ps`: what the stack runs, its health and ports."""

from infra import engine
from scripts.stack import parts
from scripts.stack.session import Session

CONTAINERS = "table {{.Names}}\t{{.Status}}\t{{.Ports}}\t{{.Image}}"
TASKS = "table {{.Name}}\t{{.Node}}\t{{.CurrentState}}\t{{.Error}}\t{{.Image}}"


def ps(session: Session) -> int:
    """List the tasks of the stack's services on every machine, and its other containers, running or not."""
    parts.require_engine()
    services = [service.name for service in parts.services(session.site)]
    if services:
        wanted = ("--filter", "desired-state=running")
        print(engine.ask("service", "ps", "--format", TASKS, *wanted, *services), end="")
        # `ps` cannot be told to leave out what has a label.
        for one in parts.beside(session.site):
            print(f"{one.name}   {one.state}   {engine.health(one.id)}")
    else:
        print(engine.ask("ps", "--all", "--format", CONTAINERS, *parts.filters(session.site)), end="")
    return 0
