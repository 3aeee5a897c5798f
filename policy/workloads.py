"""One view of everything that runs: a container and a Swarm service keep the same facts in other places."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from policy.inputs import Resource, at, each

CONTAINER = "docker:index/container:Container"
SERVICE = "docker:index/service:Service"
SPEC = "taskSpec.containerSpec"
PLACES: Mapping[str, Mapping[str, str]] = {
    CONTAINER: {
        "image": "image",
        "privileged": "privileged",
        "devices": "devices",
        "device rules": "deviceCgroupRules",
        "network mode": "networkMode",
        "process namespace": "pidMode",
        "ipc namespace": "ipcMode",
        "user namespace": "usernsMode",
        "cgroup namespace": "cgroupnsMode",
        "networks": "networksAdvanced",
        "mounts": "mounts",
        "short mounts": "volumes",
        "memory": "memory",
        "cpus": "cpus",
        "cpu quota": "cpuQuota",
        "probe": "healthcheck.tests",
        "ports": "ports",
        "all ports": "publishAllPorts",
        "environment": "envs",
        "entrypoint": "entrypoints",
        "command": "command",
        "log driver": "logDriver",
        "log options": "logOpts",
        "read-only root": "readOnly",
        "dropped capabilities": "capabilities.drops",
        "added capabilities": "capabilities.adds",
        "security options": "securityOpts",
        "user": "user",
        "must run": "mustRun",
    },
    # A service has no place for privileged, devices, namespaces of the host, or security options.
    SERVICE: {
        "image": f"{SPEC}.image",
        "networks": "taskSpec.networksAdvanceds",
        "mounts": f"{SPEC}.mounts",
        "memory": "taskSpec.resources.limits.memoryBytes",
        "cpus": "taskSpec.resources.limits.nanoCpus",
        "probe": f"{SPEC}.healthcheck.tests",
        "ports": "endpointSpec.ports",
        "environment": f"{SPEC}.env",
        "entrypoint": f"{SPEC}.commands",
        "command": f"{SPEC}.args",
        "log driver": "taskSpec.logDriver.name",
        "log options": "taskSpec.logDriver.options",
        "read-only root": f"{SPEC}.readOnly",
        "dropped capabilities": f"{SPEC}.capDrops",
        "added capabilities": f"{SPEC}.capAdds",
        "user": f"{SPEC}.user",
    },
}
"""Where each kind keeps a fact. One that a kind has no place for is absent, and cannot be wrong there."""


class Workload:
    """A resource that runs something. What it is asked for may raise NotYetKnown."""

    def __init__(self, resource: Resource) -> None:
        self.resource = resource
        self.places = PLACES[resource.type]

    def __str__(self) -> str:
        return f"{self.resource.kind.lower()} {self.resource.name}"

    def __contains__(self, fact: str) -> bool:
        return fact in self.places

    def get(self, fact: str) -> Any:
        """Return one value, None where nothing is given or this kind has no place for it."""
        place = self.places.get(fact)
        return at(self.resource.inputs, *place.split(".")) if place else None

    def items(self, fact: str) -> Iterator[Any]:
        """Yield the items of a list."""
        place = self.places.get(fact)
        return each(self.resource.inputs, *place.split(".")) if place else iter(())

    def where(self, fact: str) -> str:
        """Return the name of the input in Python, for sentences."""
        snake = re.sub(r"([A-Z])", r"_\1", self.places[fact]).lower()
        return f"`{snake}`"

    def environment(self) -> Iterator[tuple[str, Any]]:
        """Yield names and texts, of entries `NAME=text` or of a mapping."""
        found = self.get("environment")
        if isinstance(found, Mapping):
            yield from found.items()
            return
        for entry in self.items("environment"):
            name, _, text = str(entry).partition("=")
            yield name, text

    @property
    def ends(self) -> bool:
        """Whether it does one thing and is gone, so that there is nothing to probe."""
        return self.get("must run") is False
