"""`down`: containers and networks go, volumes and secrets stay."""

from scripts.stack import parts
from scripts.stack.cli import arguments_for_this_terminal, step
from scripts.stack.errors import StackError
from scripts.stack.session import Session


def down(session: Session) -> int:
    """Take the stack down; the next `up` finds its data again."""
    parts.require_engine()
    pulumi = session.open()
    if pulumi.resources():
        with step("pulumi destroy"):
            status = pulumi.show(
                "destroy",
                "--yes",
                "--skip-preview",
                "--exclude-protected",
                "--suppress-outputs",
                *arguments_for_this_terminal(),
            )
        if status:
            raise StackError(
                "The stack is not down; what is above says why. `make down` again goes on from here."
            )
    parts.remove_leftovers(session.site)
    volumes = parts.volumes(session.site)
    if volumes:
        print("Kept:", ", ".join(f"{name} ({size})" for name, size in volumes.items()))
    return 0
