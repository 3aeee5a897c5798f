"""Runs workloads as plain Docker containers; every trap of the binding is cured here, its reason beside it.

What the binding has no field for, and what stands in (the same table is in the docs):

| missing | stands in |
| --- | --- |
| pids limit | init reaps, memory bounds what processes can take; compose sets it |
| CPU reservation | `cpu_shares`, 1024 a core: weight when cores are scarce |
| seccomp, AppArmor | the engine's default profiles, which apply unless turned off |
"""

from collections.abc import Iterator, Mapping

import pulumi
import pulumi_docker as docker

from app import contract
from infra.credentials import SecretFiles
from infra.health import probe
from infra.lifecycle import Lifecycle
from infra.settings import Settings
from infra.site import SECRETS_LABEL, Site
from infra.workload import Running, Workload

SHARES_PER_CORE = 1024
OPEN_FILES = 16384
"""Below what small hosts give the engine itself, which cannot hand out more."""
MEBIBYTE = 1 << 20
REPLACING = [
    # The provider shows a change of these as an update in place, does nothing, and the state lies ever after.
    "healthcheck",
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
    """The engine for one host: a container a workload, on the stack's own networks."""

    def __init__(self, site: Site, credentials: SecretFiles, settings: Settings, *, swap: bool) -> None:
        self._site = site
        self._credentials = credentials
        self._logging = settings.logging
        self._patience = settings.healthy_within
        self._swap = swap

    def run(self, workload: Workload, opts: pulumi.ResourceOptions) -> Running:
        """Declare the container; it counts as made when its probe has passed."""
        name = self._site.container(workload.service)
        lifecycle = Lifecycle(name, self._site, self._patience, workload.accept)
        limits = workload.limits
        container = docker.Container(
            name,
            # Fixed, so that people and logs know it; an update therefore deletes before it creates, below.
            name=name,
            # An id, never a tag: a tag that moved would not replace the container.
            image=workload.image,
            command=list(workload.command) if workload.command else None,
            user=workload.user,
            envs=sorted(f"{key}={value}" for key, value in workload.environment.items()),
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
            # The default address is 0.0.0.0; on a host, only an edge may be reached from outside.
            ports=[
                docker.ContainerPortArgs(ip="127.0.0.1", external=outside, internal=inside)
                for outside, inside in workload.published.items()
            ]
            or None,
            networks_advanced=[
                docker.ContainerNetworksAdvancedArgs(name=network, aliases=[workload.service])
                for network in workload.networks
            ],
            mounts=list(self._mounts(workload)),
            opts=pulumi.ResourceOptions.merge(
                opts,
                pulumi.ResourceOptions(
                    # The binding means to, but a replacement forced by `replace_on_changes` creates first,
                    # and clashes over the name and the port.
                    delete_before_replace=True,
                    replace_on_changes=REPLACING,
                    hooks=lifecycle.hooks(),
                ),
            ),
        )
        return Running(container.name, container.id)

    def _labels(self, workload: Workload) -> Mapping[str, str]:
        if not workload.secrets:
            return self._site.labels
        return {**self._site.labels, SECRETS_LABEL: self._credentials.fingerprint(workload.secrets)}

    def _mounts(self, workload: Workload) -> Iterator[docker.ContainerMountArgs]:
        """Everything in the long form: a mount whose source is missing is then refused instead of made up."""
        for target, volume in workload.volumes.items():
            yield docker.ContainerMountArgs(type="volume", source=volume, target=target)
        for target, folder in workload.folders.items():
            yield docker.ContainerMountArgs(type="bind", source=str(folder), target=target, read_only=True)
        for name in workload.secrets:
            # Mounted, because `uploads` cannot write into a read-only root.
            source = str(self._credentials.path(name))
            target = f"{contract.SECRETS_PATH}/{name}"
            yield docker.ContainerMountArgs(type="bind", source=source, target=target, read_only=True)
        for target, size in workload.scratch.items():
            memory = docker.ContainerMountTmpfsOptionsArgs(size_bytes=size * MEBIBYTE, mode=0o1777)
            yield docker.ContainerMountArgs(type="tmpfs", target=target, tmpfs_options=memory)
