"""Walls: what keeps a container from the host, from the engine and from the network outside.

Source of most: CIS Docker Benchmark 1.8, sections 4 and 5.
"""

import ipaddress
import re
from collections.abc import Iterator

from policy.inputs import at
from policy.workloads import Workload

EDGE = "exai:infra:Edge"
"""The component that may be reached from other machines; whatever it contains is the edge."""
SOCKETS = frozenset({"docker.sock", "containerd.sock", "podman.sock", "crio.sock"})
SOCKET_FOLDERS = frozenset({"/", "/run", "/var/run", "/run/docker", "/run/containerd", "/var"})
GIVES_UP = "--no-new-privs"
"""Of setpriv(1): what it becomes, and whatever that starts, can gain nothing."""
EVERY_ADDRESS = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - what is refused
NUMBERS = re.compile(r"[1-9]\d*(:\d+)?")
HOST_MODES = ("network mode", "process namespace", "ipc namespace", "user namespace", "cgroup namespace")


def privileged(one: Workload) -> Iterator[str]:
    """Refuse what hands out the host's devices (CIS 5.5, 5.18)."""
    for fact in ("privileged", "devices", "device rules"):
        if one.get(fact):
            yield f"The {one} has {one.where(fact)}, which hands it the host: remove it."


def host_namespace(one: Workload) -> Iterator[str]:
    """Refuse the host's network and other namespaces (CIS 5.10, 5.16, 5.17, 5.21)."""
    for fact in HOST_MODES:
        if one.get(fact) == "host":
            yield _shared(one, fact)
    if any("host" in (at(network, "name"), at(network, "id")) for network in one.items("networks")):
        yield _shared(one, "networks")


def engine_socket(one: Workload) -> Iterator[str]:
    """Refuse the engine's socket and the folders it is in (CIS 5.32)."""
    for source, target in _host_paths(one):
        path = source.rstrip("/") or "/"
        if path.rpartition("/")[2] in SOCKETS or path in SOCKET_FOLDERS:
            yield (
                f"The {one} mounts {source} at {target}, through which it commands the engine and with that "
                "the host: remove the mount."
            )


def host_path(one: Workload) -> Iterator[str]:
    """Refuse paths of the host (CIS 5.6)."""
    for source, target in _host_paths(one):
        yield (
            f"The {one} mounts the host's {source} at {target}, which ties it to one machine and its files: "
            "use a volume, a Swarm config or a secret."
        )


def loopback_only(one: Workload) -> Iterator[str]:
    """Refuse a port that other machines reach, except at the edge (CIS 5.14)."""
    if one.resource.within == EDGE:
        return
    mend = "publish the edge instead"
    if "all ports" in one:
        mend += f', or set `ip="127.0.0.1"` in {one.where("ports")}'
    for port in one.items("ports"):
        address = str(at(port, "ip") or "")
        if not _is_loopback(address):
            number = at(port, "external") or at(port, "publishedPort") or "a port of the engine's choice"
            on = "every address of the host" if address in EVERY_ADDRESS else address
            yield f"The {one} publishes {number} on {on}, and only the edge may be reached so: {mend}."
    if one.get("all ports"):
        yield (
            f"The {one} publishes whatever its image exposes, and only the edge may be reached so: "
            f"remove {one.where('all ports')}."
        )


def read_only_root(one: Workload) -> Iterator[str]:
    """Refuse a root file system that can be written to (CIS 5.13)."""
    if not one.get("read-only root"):
        yield (
            f"The {one} can write to its own programs, which an intruder would: set "
            f"{one.where('read-only root')}, and a tmpfs or volume where it must write."
        )


def capabilities(one: Workload) -> Iterator[str]:
    """Refuse capabilities, kept or given (CIS 5.4)."""
    if not {"ALL", "CAP_ALL"} & {str(name).upper() for name in one.items("dropped capabilities")}:
        yield (
            f"The {one} keeps the engine's default capabilities, and needs none: put ALL into "
            f"{one.where('dropped capabilities')}."
        )
    if added := [str(name) for name in one.items("added capabilities")]:
        yield (
            f"The {one} is given {', '.join(added)}, a part of root's power: remove it from "
            f"{one.where('added capabilities')}, and run as the user who owns what it works on."
        )


def new_privileges(one: Workload) -> Iterator[str]:
    """Refuse privileges to be gained, and confinement turned off (CIS 5.22, 5.26)."""
    options = {str(option).replace("=", ":") for option in one.items("security options")}
    if "security options" in one:
        given = bool({"no-new-privileges", "no-new-privileges:true"} & options)
        mend = f"put no-new-privileges:true into {one.where('security options')}"
    else:
        # Swarm has no place for it, except in the settings of every node's engine.
        given = GIVES_UP in (str(word) for fact in ("entrypoint", "command") for word in one.items(fact))
        mend = f"start {one.where('entrypoint')} with setpriv {GIVES_UP}"
    if not given:
        yield f"The {one} may gain privileges, so that one setuid program makes an intruder root: {mend}."
    for option in sorted(option for option in options if option.endswith((":unconfined", ":disable"))):
        yield (
            f"The {one} turns the engine's default confinement off with {option}, and with it a wall: "
            f"remove that from {one.where('security options')}."
        )


def numeric_user(one: Workload) -> Iterator[str]:
    """Refuse root, and names: the image decides who a name is, and may say root (CIS 4.1)."""
    user = str(one.get("user") or "")
    if not NUMBERS.fullmatch(user):
        yield (
            f"The {one} runs as {user or 'whoever its image says'}, which is root or may come to be: "
            f"set {one.where('user')} to numbers above 0, such as 1000:1000."
        )


def _shared(one: Workload, fact: str) -> str:
    return (
        f"The {one} shares the host's own through {one.where(fact)}, past every wall around it: "
        "give it a network of the stack, and leave the other namespaces unset."
    )


def _host_paths(one: Workload) -> Iterator[tuple[str, str]]:
    for mount in one.items("mounts"):
        if at(mount, "type") == "bind":
            yield str(at(mount, "source") or ""), str(at(mount, "target") or "")
    for mount in one.items("short mounts"):
        if path := at(mount, "hostPath"):
            yield str(path), str(at(mount, "containerPath") or "")


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"
