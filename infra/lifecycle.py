"""What happens around a container's making: leftovers go first, failures are explained."""

import asyncio
import time
from collections.abc import Sequence

import pulumi

from infra import engine
from infra.engine import EngineError, Listed
from infra.site import Site
from infra.workload import Acceptance

POLL_SECONDS = 0.5
SIGNS_OF_A_FOREIGN_VOLUME = (
    "permission denied",
    "cannot write",
    "operation not permitted",
    "wrong ownership",
)
"""What the server, Redis and PostgreSQL say, in lower case."""


class Lifecycle:
    """The hooks of one container. They run in a real update only, inside a bare `pulumi up` too."""

    def __init__(self, name: str, site: Site, patience: int, accept: Sequence[Acceptance]) -> None:
        self._name = name
        self._site = site
        self._patience = patience
        self._accept = accept

    def hooks(self) -> pulumi.ResourceHookBinding:
        """Return the binding for the container's resource options."""
        return pulumi.ResourceHookBinding(
            before_create=[self.clear_the_name],
            after_create=[self.prove],
            after_update=[self.prove],
            on_error=[pulumi.ErrorHook(f"{self._name}-failed", self.explain)],
        )

    def clear_the_name(self, _: pulumi.ResourceHookArgs) -> None:
        """Remove what an interrupted update left under our name.

        The state does not know it: what it knows has been deleted before a replacement is made.
        """
        left = next((one for one in engine.containers() if one.name == self._name), None)
        if left is None:
            return
        if is_foreign(left, self._site):
            raise EngineError(foreign(left, self._site))
        pulumi.log.warn(f"Removing {self._name}, which an interrupted update left behind.")
        engine.remove(left.id)

    async def prove(self, _: pulumi.ResourceHookArgs) -> None:
        """Wait until the container is healthy, and let the workload's own acceptance have its say."""
        await healthy(self._name, self._patience)
        for accept in self._accept:
            await accept(self._name)

    def explain(self, args: pulumi.ErrorHookArgs) -> bool:
        """Say how a container that never became healthy fared, and stop it.

        A container that failed its wait is recorded as made, and the next update would find nothing to do and
        succeed. Stopped, it takes no traffic, stays to be looked at, and is replaced by the next update.
        """
        with_container = any(
            one.name == self._name and not is_foreign(one, self._site) for one in engine.containers()
        )
        if args.failed_operation == "create" and with_container:
            pulumi.log.error(account(self._name, f"did not become healthy within {self._patience} s"))
            engine.stop(self._name)
        return False


def is_foreign(one: Listed, site: Site) -> bool:
    """Whether a container was made by someone else than this stack in this checkout."""
    return (one.stack, one.checkout) != (site.prefix, site.checkout)


def foreign(one: Listed, site: Site) -> str:
    """Return the sentence for a name that is taken."""
    owner = "another checkout of this project" if one.stack else "something else"
    return (
        f"A container named {one.name} is there already and belongs to {owner}: remove it, or set "
        f"`exai-mcp-server:prefix: {site.prefix}-2` under `config:` in {site.file}."
    )


async def healthy(name: str, seconds: float) -> None:
    """Wait until a container is healthy.

    Raises:
        pulumi.RunError: it stopped, turned unhealthy or took too long; with its last lines.
    """
    deadline = time.monotonic() + seconds
    while (state := await asyncio.to_thread(engine.health, name)) != "healthy":
        if state != "starting" or time.monotonic() > deadline:
            raise pulumi.RunError(account(name, "is not healthy"))
        await asyncio.sleep(POLL_SECONDS)


def account(name: str, what: str) -> str:
    """Return a sentence about a container, its last lines, and what mends it where they tell."""
    lines = engine.last_lines(name)
    tail = [f"  {name} | {line}" for line in lines] or [f"  {name} | (it wrote nothing)"]
    return "\n".join(
        [
            f"The container {name} {what}; it is {engine.health(name)}, and said last:",
            *tail,
            *_mend(name, lines),
        ]
    )


def _mend(name: str, lines: Sequence[str]) -> Sequence[str]:
    """Return the command for a volume that another user owns, which the container cannot change itself.

    The volume is the one whose place the lines name; where they name none, each may be the one.
    """
    said = "\n".join(lines).lower()
    if not any(sign in said for sign in SIGNS_OF_A_FOREIGN_VOLUME):
        return []
    owned = engine.ownership(name)
    named = [volume for place, volume in owned.volumes.items() if place in said]
    return [
        f"If the volume {volume} belongs to another user, this gives it back: docker run --rm --user 0:0 "
        f"--network none --entrypoint chown --volume {volume}:/mnt {owned.image} -R {owned.user} /mnt"
        for volume in named or owned.volumes.values()
    ]
