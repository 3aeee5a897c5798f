"""Runs workloads as plain Docker containers; every trap of the binding is cured here, its reason beside it.

What the binding has no field for, and what stands in (the same table is in the docs):

| missing | stands in |
| --- | --- |
| pids limit | `docker update --pids-limit`, by a hook, before anything uses the container |
| CPU reservation | `cpu_shares`, 1024 a core: weight when cores are scarce |
| seccomp, AppArmor | the engine's default profiles, which apply unless turned off |
"""

import asyncio
import posixpath
from collections.abc import Iterator, Mapping, Sequence

import pulumi
import pulumi_docker as docker

from app import contract
from infra import engine
from infra.health import probe
from infra.lifecycle import Lifecycle, Terms, account, healthy
from infra.limits import MEBIBYTE
from infra.loader import Parcel, filled
from infra.network import BRIDGE
from infra.secret import HostFile, Sealed
from infra.settings import Settings
from infra.site import SECRETS_LABEL, Site
from infra.workload import Running, Workload

SHARES_PER_CORE = 1024
OPEN_FILES = 16384
"""Below what small hosts give the engine itself, which cannot hand out more."""
REPLACING = [
    # The provider shows a change of these as an update in place, does nothing, and the state lies ever after.
    "healthcheck",
    "mounts",
    "tmpfs",
    "init",
    "cpuPeriod",
    "cpuQuota",
    # A stopped container would only be started again, without waiting for its probe.
    "mustRun",
    # A container whose creation failed is in the state; without this the next update finds nothing to do.
    "#initerror",
]


class Containers:
    """The engine for one host: containers on the stack's own networks.

    One of a kind has a fixed name, ends before its successor starts, and may hold a port. Replicas get names
    from Pulumi. An update makes the new ones one after another, each with work only once it is healthy, and
    removes the old ones at the end, when all of the new ones work.
    """

    network_driver = BRIDGE
    lingers = contract.STOP_GRACE_SECONDS

    def __init__(self, site: Site, settings: Settings, *, swap: bool) -> None:
        self._site = site
        self._logging = settings.logging
        self._patience = settings.healthy_within
        self._swap = swap
        self._made: list[str] = []
        self._replicated: set[str] = set()

    def run(self, workload: Workload, opts: pulumi.ResourceOptions) -> Running:
        """Declare the containers; they count as made when their probes have passed."""
        name = self._site.container(workload.service)
        files = list(self._files(name, workload, opts))
        if workload.replicas is None:
            container = self._container(name, workload, files, opts)
            return Running(container.name, container.id, (container,))
        self._replicated.add(workload.service)
        made: list[docker.Container] = []
        for number in range(1, workload.replicas + 1):
            after = pulumi.ResourceOptions(depends_on=made[-1:])
            chained = pulumi.ResourceOptions.merge(opts, after)
            made.append(self._container(f"{name}-{number}", workload, files, chained))
        ids = pulumi.Output.all(*(one.id for one in made))
        return Running(ids.apply(lambda _: name), ids.apply(" ".join), made)

    def peers(self, service: str) -> str:
        """Return the alias that every replica of a service answers to."""
        return service

    def changed(self) -> bool:
        """Whether a container was made in this update."""
        return bool(self._made)

    async def settled(self) -> None:
        """Wait until every container of the stack that should run is healthy."""
        for one in await asyncio.to_thread(engine.of_stack, self._site):
            # A replica that has ended was stopped because it failed; its successor is among the others.
            if not one.healthy and (one.runs or one.service not in self._replicated):
                await healthy(one.id, self._patience, may_recover=True)

    async def undo(self) -> None:
        """Stop the replicas that were made in this update; those before them are still there."""
        for one in await asyncio.to_thread(engine.of_stack, self._site):
            if one.id in self._made and one.service in self._replicated and self._has_others(one):
                await asyncio.to_thread(engine.stop, one.id, contract.STOP_GRACE_SECONDS)

    def account(self, service: str, what: str) -> str:
        """Return a sentence about the service's latest container, and its last lines."""
        there = [one for one in engine.of_stack(self._site, service) if one.runs]
        return account(there[0].name, what) if there else f"The service {service} {what}; nothing of it runs."

    def _has_others(self, new: engine.Listed) -> bool:
        there = engine.of_stack(self._site, new.service)
        return any(one.runs and one.id not in self._made for one in there)

    def _container(
        self,
        key: str,
        workload: Workload,
        files: Sequence[docker.ContainerMountArgs],
        opts: pulumi.ResourceOptions,
    ) -> docker.Container:
        single = workload.replicas is None
        terms = Terms(
            service=workload.service,
            patience=self._patience,
            processes=workload.limits.processes,
            name=key if single else None,
            joins=None if single else 0,
            behind=workload.behind,
        )
        lifecycle = Lifecycle(key, self._site, terms, self._made)
        limits = workload.limits
        return docker.Container(
            key,
            # Fixed, so that people and logs know it; an update therefore deletes before it creates, below.
            name=key if single else None,
            # An id, never a tag: a tag that moved would not replace the container.
            image=workload.image.id,
            entrypoints=list(workload.entrypoint) or None,
            command=list(workload.command) if workload.command else None,
            user=workload.user,
            envs=_variables(workload.environment),
            labels=[
                docker.ContainerLabelArgs(label=label, value=value)
                for label, value in self._labels(workload).items()
            ],
            healthcheck=probe(workload.probe),
            # Dependants start after a passed probe, and an update that never passes it fails.
            wait=True,
            wait_timeout=self._patience,
            must_run=True,
            restart="unless-stopped",
            stop_signal=workload.stop_signal,
            # Unset, the provider kills at once when it replaces or removes.
            destroy_grace_seconds=workload.stop_seconds,
            stop_timeout=workload.stop_seconds,
            memory=limits.memory,
            memory_reservation=limits.memory_reservation,
            # Equal to memory: no swap. Unset, the engine fills in a value and every later plan shows
            # a change; where the kernel cannot bound swap, the engine reads back -1.
            memory_swap=limits.memory if self._swap else -1,
            # A string the engine reads back as "1.0" or "0.5"; written otherwise it replaces on every run.
            cpus=str(float(limits.cpus)),
            cpu_shares=round(limits.cpu_reservation * SHARES_PER_CORE),
            shm_size=workload.shared_memory,
            read_only=True,
            init=True,
            capabilities=docker.ContainerCapabilitiesArgs(drops=["ALL"]),
            security_opts=["no-new-privileges:true"],
            ulimits=[
                # Core dumps would hold the secrets.
                docker.ContainerUlimitArgs(name="core", soft=0, hard=0),
                docker.ContainerUlimitArgs(name="nofile", soft=OPEN_FILES, hard=OPEN_FILES),
            ],
            log_driver=self._logging.driver,
            log_opts=dict(self._logging.effective_options),
            ports=_ports(workload),
            networks_advanced=[
                docker.ContainerNetworksAdvancedArgs(
                    name=network.name,
                    # A replica gets its alias when it works: the alias is what brings it work.
                    aliases=[workload.service] if single or (besides and workload.found_besides) else None,
                )
                for besides, network in enumerate((workload.reached_on, *workload.also_on))
            ],
            mounts=[*files, *_mounts(workload)],
            opts=pulumi.ResourceOptions.merge(
                opts,
                pulumi.ResourceOptions(
                    # The binding always means to, which for replicas would be an outage; and it forgets to
                    # where a replacement is forced by `replace_on_changes`, which clashes over the name and
                    # the port.
                    delete_before_replace=single,
                    replace_on_changes=REPLACING,
                    hooks=lifecycle.hooks(),
                ),
            ),
        )

    def _labels(self, workload: Workload) -> Mapping[str, pulumi.Input[str]]:
        labels = self._site.labels_of(workload.service)
        bound = [secret.digest for secret in workload.secrets if isinstance(secret, HostFile)]
        return {**labels, SECRETS_LABEL: pulumi.Output.all(*bound).apply("-".join)} if bound else labels

    def _files(
        self, name: str, workload: Workload, opts: pulumi.ResourceOptions
    ) -> Iterator[docker.ContainerMountArgs]:
        """Declare a volume for each folder that is given as texts."""
        folders: dict[str, dict[str, pulumi.Input[str]]] = {}
        for path, text in workload.files.items():
            folder, file = posixpath.split(path)
            folders.setdefault(folder, {})[file] = text
        sealed = {secret.name: secret.text for secret in workload.secrets if isinstance(secret, Sealed)}
        if sealed:
            folders[contract.SECRETS_PATH] = dict(sealed)
        for folder, texts in folders.items():
            parcel = Parcel(texts, workload.user, workload.image)
            assert opts.parent is not None  # noqa: S101 - components always are the parent
            volume = filled(f"{name}-{posixpath.basename(folder)}", self._site, parcel, opts.parent)
            yield docker.ContainerMountArgs(type="volume", source=volume, target=folder, read_only=True)


def _variables(environment: Mapping[str, pulumi.Input[str]]) -> list[pulumi.Input[str]]:
    return [pulumi.Output.concat(name, "=", text) for name, text in sorted(environment.items())]


def _ports(workload: Workload) -> list[docker.ContainerPortArgs] | None:
    """Publish with an address: the binding's default is 0.0.0.0."""
    port = workload.published
    if port is None:
        return None
    return [docker.ContainerPortArgs(ip=port.address, external=port.outside, internal=port.inside)]


def _mounts(workload: Workload) -> Iterator[docker.ContainerMountArgs]:
    """Everything in the long form: a mount whose source is missing is then refused instead of made up."""
    for target, volume in workload.volumes.items():
        yield docker.ContainerMountArgs(type="volume", source=volume, target=target)
    for target, folder in workload.folders.items():
        yield docker.ContainerMountArgs(type="bind", source=str(folder), target=target, read_only=True)
    for secret in workload.secrets:
        if isinstance(secret, HostFile):
            # Mounted, because `uploads` cannot write into a read-only root.
            target = f"{contract.SECRETS_PATH}/{secret.name}"
            yield docker.ContainerMountArgs(
                type="bind", source=str(secret.path), target=target, read_only=True
            )
    for target, size in workload.scratch.items():
        memory = docker.ContainerMountTmpfsOptionsArgs(size_bytes=size * MEBIBYTE, mode=0o1777)
        yield docker.ContainerMountArgs(type="tmpfs", target=target, tmpfs_options=memory)
