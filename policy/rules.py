"""The rules: what a resource must not be, and the sentence that says what it is, why not, and what to do."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from policy import bounds, content, walls
from policy.inputs import NotYetKnown, Resource
from policy.workloads import PLACES, Workload


@dataclass(frozen=True)
class Rule:
    """`check` yields what is wrong with a resource; `applies_to` are types of resources."""

    name: str
    description: str
    applies_to: frozenset[str]
    check: Callable[[Any], Iterator[str]]
    development: bool = True
    """Whether it binds development too."""


RUNS = frozenset(PLACES)
IMAGES = frozenset({"docker:index/remoteImage:RemoteImage", "docker:index/registryImage:RegistryImage"})
RULES: Sequence[Rule] = (
    Rule("privileged", "Nothing runs privileged or with the host's devices.", RUNS, walls.privileged),
    Rule(
        "host-namespace", "Nothing shares the host's network or other namespaces.", RUNS, walls.host_namespace
    ),
    Rule("engine-socket", "Nothing reaches the container engine.", RUNS, walls.engine_socket),
    Rule("host-path", "Nothing mounts a path of the host.", RUNS, walls.host_path, development=False),
    Rule("memory-limit", "Everything has a memory limit.", RUNS, bounds.memory_limit),
    Rule("cpu-limit", "Everything has a CPU limit.", RUNS, bounds.cpu_limit),
    Rule("health-check", "Everything that stays has a health check.", RUNS, bounds.health_check),
    Rule("loopback-only", "Only the edge is published beyond 127.0.0.1.", RUNS, walls.loopback_only),
    Rule("image-by-content", "Images run by digest or id.", RUNS, content.image_by_content),
    Rule("secret-in-environment", "No secret is in an environment.", RUNS, content.secret_in_environment),
    Rule("secret-in-build", "No secret is a build argument.", IMAGES, content.secret_in_build),
    Rule("log-limit", "Every log is bounded.", RUNS, bounds.log_limit),
    Rule("read-only-root", "Root file systems are read-only.", RUNS, walls.read_only_root),
    Rule("capabilities", "Nothing has capabilities.", RUNS, walls.capabilities),
    Rule("new-privileges", "Nothing can gain privileges.", RUNS, walls.new_privileges),
    Rule("numeric-user", "Everything runs as a numeric user who is not root.", RUNS, walls.numeric_user),
    Rule(
        "protected-volume",
        "Volumes with data are protected.",
        frozenset({content.VOLUME}),
        content.protected_volume,
        development=False,
    ),
)


def broken(rule: Rule, resource: Resource) -> list[str]:
    """Return the sentences of one rule about one resource, as far as its inputs are known."""
    found: list[str] = []
    if resource.type in rule.applies_to:
        with contextlib.suppress(NotYetKnown):
            found.extend(rule.check(Workload(resource) if resource.type in PLACES else resource))
    return found
