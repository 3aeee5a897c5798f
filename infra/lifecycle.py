"""What happens around a container's making: leftovers go, successors are let in, failures explained."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from infra import engine, haproxy
from infra.engine import EngineError, Listed
from infra.site import Site

POLL_SECONDS = 0.5
SEEN_SECONDS = 30
"""For those in front to notice a new replica; it takes them a second or two."""
SIGNS_OF_A_FOREIGN_VOLUME = (
    "permission denied",
    "cannot write",
    "operation not permitted",
    "wrong ownership",
)
"""What the server, Redis and PostgreSQL say, in lower case."""


@dataclass(frozen=True)
class Terms:
    """What a container comes under: its service, the seconds its probe may take, the processes it may have.

    `name` is None for one whose name Pulumi gives, which is then let in (`joins`, a network) once it works,
    and is seen by the services in front of it (`behind`) before its predecessor may go.
    """

    service: str
    patience: int
    processes: int
    name: str | None = None
    joins: int | None = None
    behind: Sequence[str] = ()


class Lifecycle:
    """The hooks of one container. They run in a real update only, inside a bare `pulumi up` too."""

    def __init__(self, key: str, site: Site, terms: Terms, made: list[str]) -> None:
        self._key = key
        self._site = site
        self._terms = terms
        self._made = made

    def hooks(self) -> pulumi.ResourceHookBinding:
        """Return the binding for the container's resource options."""
        return pulumi.ResourceHookBinding(
            before_create=[self.clear_the_name] if self._terms.name else [],
            after_create=[self.let_in],
            after_update=[self.prove],
            on_error=[pulumi.ErrorHook(f"{self._key}-failed", self.explain)],
        )

    def clear_the_name(self, _: pulumi.ResourceHookArgs) -> None:
        """Remove what an interrupted update left under our name.

        The state does not know it: what it knows has been deleted before a replacement is made.
        """
        left = next((one for one in engine.containers() if one.name == self._terms.name), None)
        if left is None:
            return
        if is_foreign(left, self._site):
            raise EngineError(foreign(left, self._site))
        pulumi.log.warn(f"Removing {left.name}, which an interrupted update left behind.")
        engine.remove(left.id)

    async def let_in(self, args: pulumi.ResourceHookArgs) -> None:
        """Bound the new container, wait until it is healthy, and let it have work."""
        await asyncio.to_thread(engine.bound_processes, args.id, self._terms.processes)
        await self.prove(args)
        self._made.append(args.id)
        if self._terms.joins is None:
            return
        network = (args.new_inputs or {})["networksAdvanced"][self._terms.joins]["name"]
        address = await asyncio.to_thread(engine.announce, args.id, network, self._terms.service)
        for service in self._terms.behind:
            for front in await asyncio.to_thread(engine.of_stack, self._site, service):
                if front.runs:
                    await seen(front.id, address)

    async def prove(self, args: pulumi.ResourceHookArgs) -> None:
        """Wait until the container is healthy."""
        await healthy(args.id, self._terms.patience)

    def explain(self, args: pulumi.ErrorHookArgs) -> bool:
        """Say how a container that never became healthy fared, and stop it.

        A container that failed its wait is recorded as made, and the next update would find nothing to do and
        succeed. Stopped, it takes no traffic, stays to be looked at, and is replaced by the next update.
        """
        if args.failed_operation == "create":
            for one in engine.of_stack(self._site, self._terms.service):
                if one.runs and engine.health(one.id) != "healthy":
                    what = f"did not become healthy within {self._terms.patience} s"
                    pulumi.log.error(account(one.name, what))
                    engine.stop(one.id)
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


async def healthy(name: str, seconds: float, *, may_recover: bool = False) -> None:
    """Wait until a container is healthy.

    One that has been healthy before `may_recover`: its probes go on, and a busy machine or a store that was
    away for a moment lets some of them fail.

    Raises:
        pulumi.RunError: it stopped, turned unhealthy for good or took too long; with its last lines.
    """
    hopeful = {"starting", "unhealthy"} if may_recover else {"starting"}
    deadline = time.monotonic() + seconds
    while (state := await asyncio.to_thread(engine.health, name)) != "healthy":
        if state not in hopeful or time.monotonic() > deadline:
            raise pulumi.RunError(account(engine.name_of(name), "is not healthy"))
        await asyncio.sleep(POLL_SECONDS)


async def seen(front: str, address: str) -> None:
    """Wait until an HAProxy gives work to whoever is at this address.

    Raises:
        pulumi.RunError: it does not in time; with what it said last.
    """
    deadline = time.monotonic() + SEEN_SECONDS
    while address not in haproxy.working(await asyncio.to_thread(engine.ask, *haproxy.ask_status(front))):
        if time.monotonic() > deadline:
            what = f"did not give work to {address} within {SEEN_SECONDS} s"
            raise pulumi.RunError(account(engine.name_of(front), what))
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
