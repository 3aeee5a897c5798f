"""What a component asks an engine to run, in no engine's own words.

`infra.containers` runs it as plain containers, `infra.swarm` as a service. Both take the same record and give
the same `Running` back; nothing above this line knows which one it was. Other images than ours are run the
same way: a component of theirs makes a Workload and hands it to an Engine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pulumi

from infra.limits import Limits
from infra.secret import Secret


@dataclass(frozen=True)
class Image:
    """An image by its content: `id` on this engine, `reference` on every node that reaches its registry.

    `reference` is the id again for an image that is in no registry. `made` is what puts it on this engine.
    """

    id: pulumi.Input[str]
    reference: pulumi.Input[str]
    made: Sequence[pulumi.Resource] = ()


@dataclass(frozen=True)
class Joined:
    """A network of the stack; `subnets` are the address ranges that its members have."""

    name: pulumi.Output[str]
    id: pulumi.Output[str]
    subnets: pulumi.Output[Sequence[str]]


@dataclass(frozen=True)
class Published:
    """A port of the host: `outside` at `address`, passed on to `inside`."""

    outside: int
    inside: int
    address: str


@dataclass(frozen=True, kw_only=True)
class Workload:
    """One service of a stack: sizes in MiB, times in seconds, paths on the left are inside the container."""

    service: str
    image: Image
    user: str
    """`uid:gid` in numbers."""
    limits: Limits
    probe: Sequence[str]
    reached_on: Joined
    """Where others reach it by the name of the service."""
    stop_seconds: int
    also_on: Sequence[Joined] = ()
    """What it reaches besides."""
    found_besides: bool = False
    """Whether it answers to its name there too, from its start: for who looks at it and brings no work."""
    entrypoint: Sequence[str] = ()
    """The image's own; said again because an engine may have to put something before it."""
    command: Sequence[str] | None = None
    """None: what the image says, which only plain containers can run."""
    stop_signal: str | None = None
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    secrets: Sequence[Secret] = ()
    """Files under /run/secrets that only `user` reads."""
    files: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Configuration: texts by the path of the file."""
    volumes: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    keeps_data: bool = False
    """Whether a volume holds what is nowhere else: then it stays on the machine that has the volume."""
    folders: Mapping[str, Path] = field(default_factory=dict)
    """Folders of the checkout, mounted read-only: for development only."""
    scratch: Mapping[str, int] = field(default_factory=dict)
    """Writable memory, by path; the root file system is read-only."""
    shared_memory: int | None = None
    published: Published | None = None
    replicas: int | None = None
    """How many of it run, each replaced only after its successor works. None: one, which ends first."""
    everywhere: bool = False
    """Whether every machine of the stack runs one."""
    behind: Sequence[str] = ()
    """Services of HAProxy that must have seen a new replica before an old one goes."""


@dataclass(frozen=True)
class Running:
    """What an engine made of a workload; both outputs are known only once all of it is healthy.

    `resources` are what others may be ordered after.
    """

    name: pulumi.Output[str]
    id: pulumi.Output[str]
    resources: Sequence[pulumi.Resource] = ()


class Engine(Protocol):
    """Runs workloads."""

    network_driver: str
    lingers: int
    """For how many seconds something that was replaced may go on serving what it had begun."""

    def run(self, workload: Workload, opts: pulumi.ResourceOptions) -> Running:
        """Declare what runs the workload, under `opts.parent`."""
        ...

    def peers(self, service: str) -> str:
        """Return the name that resolves to the address of every replica of a service."""
        ...

    def changed(self) -> bool:
        """Whether this update has made or changed anything that runs."""
        ...

    async def settled(self) -> None:
        """Wait until everything of the stack is healthy.

        Raises:
            pulumi.RunError: something is not; with its last lines.
        """
        ...

    async def undo(self) -> None:
        """Put back what ran before this update, as far as it is still there."""
        ...

    def account(self, service: str, what: str) -> str:
        """Return a sentence about what runs for a service, and its last lines."""
        ...
