"""What a component asks an engine to run, in no engine's own words.

`infra.containers` runs it as a plain container. An engine for Swarm takes the same record and gives the same
`Running` back; nothing above this line knows which one it was.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pulumi

from infra.settings import Limits

Acceptance = Callable[[str], Awaitable[None]]
"""Given the name of what runs: returns when it does its work, raises a sentence when it does not."""


@dataclass(frozen=True, kw_only=True)
class Workload:
    """One service of a stack: sizes in MiB, times in seconds, paths on the left are inside the container."""

    service: str
    image: pulumi.Input[str]
    user: str
    limits: Limits
    probe: Sequence[str]
    networks: Sequence[pulumi.Input[str]]
    stop_seconds: int
    command: Sequence[str] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Sequence[str] = ()
    volumes: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    folders: Mapping[str, Path] = field(default_factory=dict)
    """Folders of the checkout, mounted read-only: for development only."""
    scratch: Mapping[str, int] = field(default_factory=dict)
    """Writable memory, by path; the root file system is read-only."""
    shared_memory: int | None = None
    published: Mapping[int, int] = field(default_factory=dict)
    """Ports of the host's loopback address, each with the port inside."""
    accept: Sequence[Acceptance] = ()
    """Asked in order after the service has become healthy, each time it was made or changed."""


@dataclass(frozen=True)
class Running:
    """What an engine made of a workload; both outputs are known only once it is healthy."""

    name: pulumi.Output[str]
    id: pulumi.Output[str]


class Engine(Protocol):
    """Runs workloads."""

    def run(self, workload: Workload, opts: pulumi.ResourceOptions) -> Running:
        """Declare what runs the workload, under `opts.parent`."""
        ...
