"""What every verb starts from: the stack's file, its names and the CLI in its environment."""

import os
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from infra.site import Site
from scripts.stack import checkpoint, environment, locks
from scripts.stack.cli import Pulumi
from scripts.stack.errors import StackError
from scripts.stack.stackfile import StackFile

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Session:
    """One verb's look at one stack."""

    file: StackFile

    @classmethod
    def of(cls, stack: str) -> "Session":
        """Open the stack of this name."""
        return cls(StackFile.read(ROOT, stack))

    @property
    def site(self) -> Site:
        """The stack's names and paths."""
        return self.file.site

    @cached_property
    def pulumi(self) -> Pulumi:
        """The CLI, once it is asked for: verbs that only look at containers need no passphrase."""
        found = environment.variables(self.file)
        os.environ.update({name: text for name, text in found.items() if name == "DOCKER_HOST"})
        return Pulumi(self.file, found)

    def open(self) -> Pulumi:
        """Return the CLI with the stack selected and the locks of dead updates gone."""
        if environment.keeps_state_here(self.file):
            print(
                f"The state of {self.file.stack} is kept on this machine only (.exai/state): set "
                "PULUMI_BACKEND_URL to your team's backend.",
                file=sys.stderr,
            )
        pulumi = self.pulumi
        for pid in locks.clear_stale(pulumi.environment["PULUMI_BACKEND_URL"], self.file.stack):
            print(f"cleared the lock of an update that died (process {pid})")
        if checkpoint.mend_torn(pulumi.environment["PULUMI_BACKEND_URL"], self.file.stack):
            print("mended the state file of an update that was killed while it wrote")
        pulumi.select()
        return pulumi

    def confirm(self, question: str) -> None:
        """Go on only if the person at the terminal says so, or YES=1 has said so.

        Raises:
            StackError: the answer is no, or there is nobody to ask.
        """
        if os.environ.get("YES") == "1":
            return
        if not sys.stdin.isatty():
            raise StackError("Nobody is there to ask: run it again with YES=1 to mean it.")
        try:
            answer = input(f"{question} [y/N] ")
        except (KeyboardInterrupt, EOFError):
            answer = ""
            print()
        if answer.strip().lower() not in {"y", "yes"}:
            raise StackError("Nothing was changed.")
