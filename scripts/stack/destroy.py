"""`destroy`: everything of the stack goes, volumes, images and secrets too, after they were named."""

import shutil

from infra import pruning
from scripts.stack import parts
from scripts.stack.cli import step
from scripts.stack.session import Session


def destroy(session: Session) -> int:
    """Remove the stack for good."""
    parts.require_engine()
    site, stack = session.site, session.file.stack
    volumes, images = parts.volumes(site), parts.images(site)
    is_known = session.pulumi.resources() is not None
    left = (volumes, images, parts.containers(site), parts.networks(site), site.secrets.exists())
    if not is_known and not any(left):
        print(f"There is nothing to remove: no stack {stack} is here.")
        return 0
    print(f"This removes the stack {stack}, its generated secrets, and for good:")
    for name, size in volumes.items():
        print(f"  volume {name} ({size})")
    for name in images:
        print(f"  image {name}")
    session.confirm("Remove it all?")
    if is_known:
        _forget(session)
    parts.remove_leftovers(site)
    parts.forget_home(site)
    parts.remove_volumes(list(volumes))
    parts.remove_images(images)
    pruning.remove_unused(site)
    shutil.rmtree(site.secrets, ignore_errors=True)
    print("Removed.")
    return 0


def _forget(session: Session) -> None:
    """Remove what the state knows, and the state itself; volumes are kept on the engine by it."""
    pulumi = session.open()
    if pulumi.resources():
        pulumi.ask("state", "unprotect", "--all", "--yes")
        with step("pulumi destroy"):
            outcome = pulumi.run("destroy", "--yes", "--skip-preview", "--suppress-outputs")
        outcome.require_success(
            "Not everything is gone, and the volumes were not touched", session.site.make("destroy")
        )
    pulumi.ask("stack", "rm", "--yes", "--preserve-config", "--stack", session.file.stack)
