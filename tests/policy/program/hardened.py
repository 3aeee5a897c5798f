"""A container, a service and a volume that break no rule, each with room for one change that does."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_docker as docker

IMAGE = f"redis@sha256:{'0' * 64}"
PROBE = {"tests": ["CMD", "redis-cli", "ping"], "interval": "5s"}
_COUNTS: Counter[str] = Counter()


def _name(word: str) -> str:
    """Return a name nobody has yet: the word itself, then with a number."""
    _COUNTS[word] += 1
    return word if _COUNTS[word] == 1 else f"{word}-{_COUNTS[word]}"


def container(opts: pulumi.ResourceOptions | None = None, **changes: Any) -> docker.Container:
    """Declare the container, its inputs changed."""
    given: dict[str, Any] = {
        "image": IMAGE,
        "memory": 64,
        "cpus": "0.5",
        "healthcheck": PROBE,
        "log_driver": "json-file",
        "log_opts": {"max-size": "10m"},
        "read_only": True,
        "capabilities": {"drops": ["ALL"]},
        "security_opts": ["no-new-privileges:true"],
        "user": "999:999",
        "networks_advanced": [{"name": "backend"}],
        "envs": ["LOG_LEVEL=INFO", "AUTH_TOKEN_FILE=/run/secrets/auth_token"],
    }
    return docker.Container(_name("plain"), opts=opts, **{**given, **changes})


def service(
    opts: pulumi.ResourceOptions | None = None,
    *,
    spec: Mapping[str, Any] | None = None,
    task: Mapping[str, Any] | None = None,
    **changes: Any,
) -> docker.Service:
    """Declare the service, the container's part (`spec`), the task's part and its own inputs changed."""
    given: dict[str, Any] = {
        "image": IMAGE,
        "commands": ["setpriv", "--no-new-privs", "--", "redis-server"],
        "healthcheck": PROBE,
        "read_only": True,
        "cap_drops": ["ALL"],
        "user": "999:999",
        "env": {"LOG_LEVEL": "INFO", "AUTH_TOKEN_FILE": "/run/secrets/auth_token"},
    }
    parts: dict[str, Any] = {
        "container_spec": {**given, **(spec or {})},
        "resources": {"limits": {"memory_bytes": 64 << 20, "nano_cpus": 500_000_000}},
        "log_driver": {"name": "json-file", "options": {"max-size": "10m"}},
        "networks_advanceds": [{"name": "backend"}],
    }
    return docker.Service(_name("swarm"), opts=opts, task_spec={**parts, **(task or {})}, **changes)


def volume(opts: pulumi.ResourceOptions | None = None, **changes: Any) -> docker.Volume:
    """Declare the volume."""
    return docker.Volume(_name("kept"), opts=opts or pulumi.ResourceOptions(protect=True), **changes)


def image(**build: Any) -> docker.RemoteImage:
    """Declare an image that is built."""
    return docker.RemoteImage(_name("built"), name="built:x", build={"context": ".", **build})
