"""`down`: containers and networks go, volumes and secrets stay."""

from scripts.stack import parts
from scripts.stack.cli import step
from scripts.stack.session import Session


def down(session: Session) -> int:
    """Take the stack down; the next `up` finds its data again."""
    parts.require_engine()
    pulumi = session.open()
    if pulumi.resources():
        with step("pulumi destroy"):
            outcome = pulumi.run(
                "destroy", "--yes", "--skip-preview", "--exclude-protected", "--suppress-outputs"
            )
        outcome.require_success("The stack is not down", session.site.make("down"))
    parts.remove_leftovers(session.site)
    volumes = parts.volumes(session.site)
    if volumes:
        print("Kept:", ", ".join(f"{name} ({size})" for name, size in volumes.items()))
    return 0
