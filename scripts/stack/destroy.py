"""`destroy`: everything of the stack goes, volumes and secrets too, after they were named."""

import shutil

from infra import engine
from scripts.stack import parts
from scripts.stack.cli import arguments_for_this_terminal, step
from scripts.stack.errors import StackError
from scripts.stack.session import Session


def destroy(session: Session) -> int:
    """Remove the stack for good."""
    parts.require_engine()
    site, pulumi = session.site, session.open()
    volumes = parts.volumes(site)
    print(f"This removes the stack {session.file.stack}, its generated secrets, and for good:")
    for name, size in volumes.items():
        print(f"  volume {name} ({size})")
    session.confirm("Remove it all?")
    if pulumi.resources():
        pulumi.ask("state", "unprotect", "--all", "--yes")
        with step("pulumi destroy"):
            status = pulumi.show(
                "destroy", "--yes", "--skip-preview", "--suppress-outputs", *arguments_for_this_terminal()
            )
        if status:
            raise StackError("Not everything is gone; what is above says why. The volumes were not touched.")
    parts.remove_leftovers(site)
    parts.remove_volumes(list(volumes))
    engine.prune_images(site.labels)
    shutil.rmtree(site.secrets, ignore_errors=True)
    pulumi.ask("stack", "rm", "--yes", "--preserve-config", "--stack", session.file.stack)
    print("Removed.")
    return 0
