"""Runs the Pulumi CLI for one stack."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from scripts.stack.errors import StackError
from scripts.stack.stackfile import StackFile

QUESTION_SECONDS = 120
"""For commands that only read or write the state."""
SENTENCES = {
    "incorrect passphrase": (
        "The passphrase does not open this stack: set PULUMI_CONFIG_PASSPHRASE_FILE (or "
        "PULUMI_CONFIG_PASSPHRASE) to the one that the stack was created with."
    ),
    "passphrase must be set": (
        "No passphrase is given: set PULUMI_CONFIG_PASSPHRASE_FILE to a file that holds the stack's."
    ),
    "currently locked": (
        "Another update of this stack is running: wait for it. If none is, `pulumi cancel` clears its lock."
    ),
}
"""What Pulumi says in many lines, said in one."""


class Pulumi:
    """The CLI with one stack's environment."""

    def __init__(self, stack: StackFile, variables: Mapping[str, str]) -> None:
        self._stack = stack
        self.environment = {**os.environ, **variables}

    def ask(self, *arguments: str) -> str:
        """Run a command quietly and return what it printed.

        Raises:
            StackError: it failed, or Pulumi is not there.
        """
        try:
            done = subprocess.run(
                ["pulumi", *arguments, "--non-interactive"],
                cwd=self._stack.root,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=QUESTION_SECONDS,
                check=False,
            )
        except FileNotFoundError:
            raise StackError(MISSING) from None
        except subprocess.TimeoutExpired:
            raise StackError(
                f"`pulumi {arguments[0]}` did not end within {QUESTION_SECONDS} s: is the backend reachable?"
            ) from None
        if done.returncode:
            raise StackError(sentence(done.stderr or done.stdout))
        return done.stdout

    def show(self, *arguments: str) -> int:
        """Run a command with the terminal's own input and output, and return its exit status.

        Ctrl-C reaches Pulumi as it does us: it ends in its own order, and we wait for it.
        """
        interactive = () if sys.stdin.isatty() and sys.stdout.isatty() else ("--non-interactive",)
        sys.stdout.flush()
        with _interrupts_passed_over():
            try:
                return subprocess.run(
                    ["pulumi", *arguments, *interactive],
                    cwd=self._stack.root,
                    env=self.environment,
                    check=False,
                ).returncode
            except FileNotFoundError:
                raise StackError(MISSING) from None

    def json(self, *arguments: str) -> Any:
        """Run a command quietly and return the JSON that it printed."""
        return json.loads(self.ask(*arguments, "--json"))

    def resources(self) -> int | None:
        """Return how many resources the stack has; None when the backend does not know it."""
        for one in self.json("stack", "ls"):
            if one["name"] == self._stack.stack:
                return int(one.get("resourceCount") or 0)
        return None

    def select(self) -> None:
        """Make the stack the chosen one, and create it if the backend does not know it."""
        self.ask("stack", "select", "--create", "--stack", self._stack.stack)


MISSING = "pulumi is not on PATH: install it (https://www.pulumi.com/docs/iac/download-install/)."


def sentence(said: str) -> str:
    """Return what went wrong, in one sentence where Pulumi's own words are known to be many."""
    for sign, known in SENTENCES.items():
        if sign in said:
            return known
    return f"Pulumi refused: {said.strip()}"


@contextmanager
def step(title: str) -> Iterator[None]:
    """Say how long a step took, whether it ended well or not."""
    began = time.monotonic()
    try:
        yield
    finally:
        print(f"{time.monotonic() - began:7.1f} s  {title}", flush=True)


@contextmanager
def _interrupts_passed_over() -> Iterator[None]:
    """Let Ctrl-C reach the child alone. A handler, not SIG_IGN, which the child would inherit."""

    def pass_over(_signal: int, _frame: FrameType | None) -> None:
        """Pulumi has it too, and says what it does about it."""

    before = signal.signal(signal.SIGINT, pass_over)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def arguments_for_this_terminal() -> Sequence[str]:
    """Return the flags that keep a log readable: progress lines are for terminals."""
    return () if sys.stdout.isatty() else ("--suppress-progress",)
