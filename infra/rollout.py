"""What happens around a service's making and changing: Swarm rolls it out, and this waits and explains.

The binding can wait too (`converge_config`), and is not asked to, for three reasons read in its source and
seen: it takes an update for done as soon as as many tasks run as are wanted, while Swarm still watches them
and may yet roll back; it deletes a service that does not come up, with the lines that say why; and it looks
only every five to twelve seconds.
"""

import asyncio
import time
from collections.abc import Sequence

import pulumi

from infra import cluster
from infra.cluster import Service, Task
from infra.engine import EngineError
from infra.settings import Settings
from infra.site import Site, volumes_label

POLL_SECONDS = 0.5
MARGIN_SECONDS = 30
"""Beyond what probes and watching take: for pulling an image and finding a place."""
HOPELESS = 3
"""So many tasks of a new service may break before it is given up."""
UNDER_WAY = "updating"
PUT_BACK = "rollback_completed"
STUCK = frozenset({"paused", "rollback_paused"})
AT_REST = frozenset({"", "completed"})


class Rollout:
    """The hooks of one service. They run in a real update only, inside a bare `pulumi up` too."""

    def __init__(self, name: str, site: Site, settings: Settings, changed: set[str]) -> None:
        self._name = name
        self._site = site
        self._patience = settings.healthy_within
        self._monitor = settings.monitor
        self._stopping = settings.stop_seconds
        self._changed = changed
        self._known: frozenset[str] = frozenset()

    def hooks(self, *, home: str | None = None) -> pulumi.ResourceHookBinding:
        """Return the binding for the service's resource options; `home` is the machine that has its data."""

        def settle_down(_: pulumi.ResourceHookArgs) -> None:
            """Mark the machine, so that data is found there again after the service was taken down."""
            if home is not None:
                cluster.label(home, volumes_label(self._site))

        return pulumi.ResourceHookBinding(
            before_create=[self.clear_the_name, settle_down],
            after_create=[self.arrive],
            before_update=[self.remember],
            after_update=[self.replace],
        )

    def clear_the_name(self, _: pulumi.ResourceHookArgs) -> None:
        """Remove what an interrupted update left under our name; the state does not know it."""
        left = cluster.service(self._name)
        if left is None:
            return
        if not cluster.is_ours(left, self._site):
            raise EngineError(foreign(left, self._site))
        pulumi.log.warn(f"Removing the service {self._name}, which an interrupted update left behind.")
        cluster.remove(left.id)

    def remember(self, _: pulumi.ResourceHookArgs) -> None:
        """Note which tasks there are, so that those of this update are told apart."""
        self._known = frozenset(task.id for task in cluster.tasks(self._name))

    async def arrive(self, _: pulumi.ResourceHookArgs) -> None:
        """Wait until a new service works; one that does not is removed, or it would try for ever.

        The next update then makes it anew.
        """
        try:
            await settled([self._name], self._patience + MARGIN_SECONDS)
        except pulumi.RunError:
            await asyncio.to_thread(cluster.remove, self._name)
            raise
        self._changed.add(self._name)

    async def replace(self, _: pulumi.ResourceHookArgs) -> None:
        """Wait until Swarm has replaced the tasks one by one and has watched them.

        Raises:
            pulumi.RunError: what ran before runs again, and the message says what was wrong with the new.
        """
        found, began, homeless = await self._look(), time.monotonic(), 0.0
        # What is being replaced keeps its place until it has answered what it had begun.
        each = self._patience + self._stopping
        longest = each * ((found.replicas or 1) + 1) + self._monitor + MARGIN_SECONDS
        while found.update not in AT_REST:
            if found.update == PUT_BACK or found.update in STUCK:
                raise pulumi.RunError(await self._account(found))
            homeless = homeless + POLL_SECONDS if await self._has_no_place() else 0.0
            if homeless > self._stopping + MARGIN_SECONDS or time.monotonic() - began > longest:
                if found.update == UNDER_WAY:
                    await asyncio.to_thread(cluster.roll_back, self._name)
                raise pulumi.RunError(await self._account(found))
            await asyncio.sleep(POLL_SECONDS)
            found = await self._look()
        await settled([self._name], self._patience + MARGIN_SECONDS)
        self._changed.add(self._name)

    async def _has_no_place(self) -> bool:
        there = await asyncio.to_thread(cluster.tasks, self._name)
        return any(
            task.state == cluster.PENDING and task.fault for task in there if task.id not in self._known
        )

    async def _look(self) -> Service:
        found = await asyncio.to_thread(cluster.service, self._name)
        if found is None:
            raise pulumi.RunError(f"The service {self._name} is gone: somebody removed it meanwhile.")
        return found

    async def _account(self, found: Service) -> str:
        there = await asyncio.to_thread(cluster.tasks, self._name)
        new = [task for task in there if task.id not in self._known and not task.works]
        how = found.message or "it took too long"
        return account(self._name, f"was not updated, and what ran before runs on ({how})", new)


async def settled(names: Sequence[str], seconds: float) -> None:
    """Wait until of each service as many tasks work as are wanted.

    Raises:
        pulumi.RunError: they do not in time, or break again and again; with the last lines of one.
    """
    deadline = time.monotonic() + seconds
    while True:
        found, there = await asyncio.gather(
            asyncio.to_thread(cluster.named, *names), asyncio.to_thread(cluster.tasks, *names)
        )
        waiting = {one.name: tasks for one in found if not _works(one, tasks := _of(one, there))}
        if not waiting and len(found) == len(set(names)):
            return
        for name, tasks in waiting.items():
            if _is_hopeless(tasks) or time.monotonic() > deadline:
                raise pulumi.RunError(account(name, "is not healthy", tasks))
        if time.monotonic() > deadline:
            missing = ", ".join(sorted(set(names) - {one.name for one in found}))
            raise pulumi.RunError(f"The service {missing} is gone: somebody removed it.")
        await asyncio.sleep(POLL_SECONDS)


def _of(service: Service, tasks: Sequence[Task]) -> Sequence[Task]:
    return [task for task in tasks if task.service == service.id]


def _works(service: Service, tasks: Sequence[Task]) -> bool:
    """Whether every replica works, by slot: after a broken start Swarm may run two tasks for the same one."""
    wanted = [task for task in tasks if task.wanted == cluster.RUNNING]
    slots = {task.slot for task in wanted}
    return bool(wanted) and all(task.works for task in wanted) and service.replicas in {None, len(slots)}


def _is_hopeless(tasks: Sequence[Task]) -> bool:
    return sum(task.broke for task in tasks) >= HOPELESS and not any(task.works for task in tasks)


def account(name: str, what: str, tasks: Sequence[Task]) -> str:
    """Return a sentence about a service, and what its most telling task said last."""
    telling = next((task for task in tasks if task.broke), next(iter(tasks), None))
    if telling is None:
        return f"The service {name} {what}; it has no task."
    fault = f": {telling.fault}" if telling.fault else ""
    lines = cluster.last_lines(telling) or ["(it wrote nothing)"]
    return "\n".join(
        [
            f"The service {name} {what}; a task of it is {telling.state}{fault}, and said last:",
            *(f"  {name} | {line}" for line in lines),
        ]
    )


def foreign(found: Service, site: Site) -> str:
    """Return the sentence for a name that is taken."""
    return (
        f"A service named {found.name} is there already and belongs to something else: remove it, or set "
        f"`exai-mcp-server:prefix: {site.prefix}-2` under `config:` in {site.file}."
    )
