"""A workload in the words of a Swarm service; every trap of the binding is cured here, its reason beside it.

What the binding has no field for, and what stands in (the same table is in the docs):

| missing | stands in |
| --- | --- |
| no-new-privileges, nofile, core | HARDENED, before the command: setpriv and prlimit of util-linux |
| pids limit | memory bounds what processes can take |
| swap | none: the engine allows as much swap as memory where the host has swap |
| shared memory | a tmpfs at /dev/shm |
"""

from collections.abc import Iterator, Mapping

import pulumi_docker as docker

from infra.cluster import PINNED
from infra.containers import OPEN_FILES
from infra.health import service_probe
from infra.limits import MEBIBYTE, Logging
from infra.workload import Workload

HARDENED = ("prlimit", "--core=0", f"--nofile={OPEN_FILES}", "setpriv", "--no-new-privs", "--")
"""Lowers limits and gives up rights, which needs none, and becomes the command. Swarm knows
`no-new-privileges` only as a setting of each machine's engine (daemon.json), which is not ours to make."""
SHARED_MEMORY_PATH = "/dev/shm"  # noqa: S108 - a path in the container, not here
RESTART_DELAY = "2s"
NANO = 1_000_000_000

Container = docker.ServiceTaskSpecContainerSpecArgs


def container(workload: Workload, labels: Mapping[str, str]) -> Container:
    """Return what the service's containers are, without secrets and configs."""
    assert workload.command is not None  # noqa: S101 - HARDENED needs something to become
    return Container(
        image=workload.image.reference,
        commands=[*HARDENED, *workload.entrypoint, *workload.command],
        user=workload.user,
        env=dict(workload.environment),
        labels=[
            docker.ServiceTaskSpecContainerSpecLabelArgs(label=label, value=value)
            for label, value in labels.items()
        ],
        healthcheck=service_probe(workload.probe),
        stop_grace_period=duration(workload.stop_seconds),
        stop_signal=workload.stop_signal,
        read_only=True,
        init=True,
        cap_drops=["ALL"],
        mounts=list(_mounts(workload)),
    )


def task(workload: Workload, container: Container, logging: Logging, node: str) -> docker.ServiceTaskSpecArgs:
    """Return what each task is: the container, its networks and limits, the machine if it has data there."""
    limits = workload.limits
    pinned = [f"{PINNED}{node}"] if workload.keeps_data else []
    return docker.ServiceTaskSpecArgs(
        container_spec=container,
        networks_advanceds=[
            # By id: a network that is given by its name is a change every time.
            docker.ServiceTaskSpecNetworksAdvancedArgs(id=network.id, aliases=[workload.service])
            for network in (workload.reached_on, *workload.also_on)
        ],
        placement=docker.ServiceTaskSpecPlacementArgs(constraints=pinned),
        resources=docker.ServiceTaskSpecResourcesArgs(
            limits=docker.ServiceTaskSpecResourcesLimitsArgs(
                memory_bytes=limits.memory * MEBIBYTE, nano_cpus=round(limits.cpus * NANO)
            ),
            reservation=docker.ServiceTaskSpecResourcesReservationArgs(
                memory_bytes=limits.memory_reservation * MEBIBYTE,
                nano_cpus=round(limits.cpu_reservation * NANO),
            ),
        ),
        restart_policy=docker.ServiceTaskSpecRestartPolicyArgs(
            condition="any", delay=RESTART_DELAY, window="0s"
        ),
        log_driver=docker.ServiceTaskSpecLogDriverArgs(
            name=logging.driver, options=dict(logging.effective_options)
        ),
    )


def mode(workload: Workload) -> docker.ServiceModeArgs:
    """Return how many tasks there are."""
    if workload.everywhere:
        return docker.ServiceModeArgs(global_=True)
    replicas = docker.ServiceModeReplicatedArgs(replicas=workload.replicas or 1)
    return docker.ServiceModeArgs(replicated=replicas)


def endpoint(workload: Workload) -> docker.ServiceEndpointSpecArgs:
    """Return how the service is reached: by DNS, and by ports of the machine itself.

    Both work without the kernel's IPVS, and the ports keep the addresses of clients.
    """
    port = workload.published
    if port is None:
        return docker.ServiceEndpointSpecArgs(mode="dnsrr")
    published = docker.ServiceEndpointSpecPortArgs(
        target_port=port.inside, published_port=port.outside, publish_mode="host", protocol="tcp"
    )
    return docker.ServiceEndpointSpecArgs(mode="dnsrr", ports=[published])


def update(workload: Workload, monitor: int) -> docker.ServiceUpdateConfigArgs:
    """Return how a change is rolled out; `monitor` seconds long a new task must not fail."""
    return docker.ServiceUpdateConfigArgs(
        order=_order(workload),
        parallelism=1,
        failure_action="rollback",
        monitor=duration(monitor),
        max_failure_ratio="0.0",
        delay="0s",
    )


def rollback(workload: Workload, monitor: int) -> docker.ServiceRollbackConfigArgs:
    """Return how a change is taken back."""
    return docker.ServiceRollbackConfigArgs(
        order=_order(workload),
        parallelism=1,
        failure_action="pause",
        monitor=duration(monitor),
        max_failure_ratio="0.0",
        delay="0s",
    )


def duration(seconds: int) -> str:
    """Write seconds as the engine reads them back: `1m`, `2m30s`; another form is a change every time."""
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    parts = ((hours, "h"), (minutes, "m"), (rest, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"


def _order(workload: Workload) -> str:
    return "stop-first" if workload.replicas is None else "start-first"


def _mounts(workload: Workload) -> Iterator[docker.ServiceTaskSpecContainerSpecMountArgs]:
    for target, volume in workload.volumes.items():
        yield docker.ServiceTaskSpecContainerSpecMountArgs(type="volume", source=volume, target=target)
    scratch = dict(workload.scratch)
    if workload.shared_memory:
        scratch[SHARED_MEMORY_PATH] = workload.shared_memory
    for target, size in scratch.items():
        # As a mount: Swarm does not know the short form. Its mode is 1777 if none is given, and one that is
        # given reads back without its first digit, which is a change every time.
        memory = docker.ServiceTaskSpecContainerSpecMountTmpfsOptionsArgs(size_bytes=size * MEBIBYTE)
        yield docker.ServiceTaskSpecContainerSpecMountArgs(type="tmpfs", target=target, tmpfs_options=memory)
