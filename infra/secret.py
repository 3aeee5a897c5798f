"""A secret on its way to a container: what it is called there and where its text is."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pulumi


@dataclass(frozen=True)
class HostFile:
    """A file of this machine, for development. `digest` changes with its content and shows nothing of it."""

    name: str
    path: Path
    digest: pulumi.Input[str]


@dataclass(frozen=True)
class Sealed:
    """A text that Pulumi keeps encrypted wherever it stores it."""

    name: str
    text: pulumi.Output[str]


Secret = HostFile | Sealed


class Credentials(Protocol):
    """The secrets of one stack, by the names of the files that containers read."""

    def get(self, name: str) -> Secret:
        """Return a secret that every stack has."""
        ...

    def optional(self, name: str) -> Sequence[Secret]:
        """Return a secret that a stack may have: one or none."""
        ...

    def others(self) -> Sequence[Secret]:
        """Return what the server may have besides: vendor keys, the key before the present one, and so on."""
        ...

    def text(self, name: str) -> str:
        """Return a secret itself, for the program's own use."""
        ...

    def put(self, name: str, text: pulumi.Output[str]) -> Secret:
        """Make a secret of a text that is known only once something else has happened."""
        ...
