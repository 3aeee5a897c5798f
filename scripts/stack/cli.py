"""Runs the Pulumi CLI for one stack."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.stack.errors import StackError
from scripts.stack.interrupts import interrupts_counted
from scripts.stack.output import CHANGING, readable
from scripts.stack.stackfile import StackFile

QUESTION_SECONDS = 120
"""For commands that only read or write the state."""
PLAN_SECONDS = 300
"""For plans, which also look at every part on the engine."""
DEBUG = '"severity":"debug"'
"""Marks the events that nobody reads, which are most of them."""
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


@dataclass(frozen=True)
class Outcome:
    """How a command ended, what it said, and whether Ctrl-C was pressed meanwhile."""

    status: int
    said: str
    interrupted: bool

    def require_success(self, whole: str, again: str) -> None:
        """Pass if it succeeded.

        Raises:
            StackError: it did not: `whole` says what is the matter, `again` is the command that goes on.
        """
        if known := known_sentence(self.said if self.status else ""):
            raise StackError(known)
        if self.interrupted:
            raise StackError(f"Interrupted: what is done stays done, and `{again}` goes on from there.")
        if self.status:
            begun = f" `{again}` goes on from here." if CHANGING.search(self.said) else ""
            raise StackError(f"{whole}; what is above says why.{begun}")


@dataclass(frozen=True)
class Watched:
    """How a command ended, and what its engine reported."""

    status: int
    events: Sequence[Mapping[str, Any]]


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
        with interrupts_counted():
            try:
                return subprocess.run(
                    ["pulumi", *arguments, *interactive],
                    cwd=self._stack.root,
                    env=self.environment,
                    check=False,
                ).returncode
            except FileNotFoundError:
                raise StackError(MISSING) from None

    def run(self, *arguments: str) -> Outcome:
        """Run a command that asks nobody, show its lines without Pulumi's noise, and say how it ended.

        Ctrl-C reaches Pulumi as it does us: it ends in its own order, and we wait for it.
        """
        colour = "always" if sys.stdout.isatty() else "never"
        lines: list[str] = []
        with interrupts_counted() as interrupts:
            try:
                process = subprocess.Popen(
                    ["pulumi", *arguments, "--non-interactive", "--suppress-progress", "--color", colour],
                    cwd=self._stack.root,
                    env=self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    errors="replace",
                )
            except FileNotFoundError:
                raise StackError(MISSING) from None
            with process:
                assert process.stdout is not None  # noqa: S101 - asked for with PIPE just above
                for line in process.stdout:
                    lines.append(line)
                    if (shown := readable(line)) is not None:
                        print(shown, end="", flush=True)
        return Outcome(process.returncode, "".join(lines), bool(interrupts))

    def watch(self, *arguments: str) -> "Watched":
        """Run a command quietly and return what its engine reported, event by event.

        The events are what Pulumi's own SDK listens to (`apitype.EngineEvent`). Their log can hold what the
        provider read from the engine, so it lies in a private folder and goes when it has been read.
        """
        with tempfile.TemporaryDirectory(prefix="events-") as folder:
            log = Path(folder) / "events"
            flags = ("--event-log", str(log), "--non-interactive", "--suppress-progress")
            try:
                done = subprocess.run(
                    ["pulumi", *arguments, *flags],
                    cwd=self._stack.root,
                    env={**self.environment, "PULUMI_DEBUG_COMMANDS": "true"},
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    text=True,
                    timeout=PLAN_SECONDS,
                    check=False,
                )
            except FileNotFoundError:
                raise StackError(MISSING) from None
            except subprocess.TimeoutExpired:
                raise StackError(
                    f"`pulumi {arguments[0]}` did not end within {PLAN_SECONDS} s: does the engine answer?"
                ) from None
            lines = log.read_text(encoding="utf-8").splitlines() if log.is_file() else []
        if not lines or known_sentence(done.stderr):
            raise StackError(sentence(done.stderr or done.stdout))
        return Watched(done.returncode, [json.loads(line) for line in lines if DEBUG not in line])

    def json(self, *arguments: str) -> Any:
        """Run a command quietly and return the JSON that it printed."""
        return json.loads(self.ask(*arguments, "--json"))

    def ids(self) -> Collection[str]:
        """Return the ids that the state has for what it made."""
        return {one["id"] for one in self._deployment().get("resources", []) if "id" in one}

    def interrupted(self) -> bool:
        """Whether the state tells of operations that an update had begun and not ended."""
        return bool(self._deployment().get("pending_operations"))

    def _deployment(self) -> Mapping[str, Any]:
        exported = json.loads(self.ask("stack", "export", "--stack", self._stack.stack))
        deployment: Mapping[str, Any] = exported["deployment"]
        return deployment

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
    return known_sentence(said) or f"Pulumi refused: {said.strip()}"


def known_sentence(said: str) -> str | None:
    """Return the sentence for a failure that is known; None for any other."""
    return next((known for sign, known in SENTENCES.items() if sign in said), None)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Say how long a step took, whether it ended well or not."""
    began = time.monotonic()
    try:
        yield
    finally:
        print(f"{time.monotonic() - began:7.1f} s  {title}", flush=True)


def arguments_for_this_terminal() -> Sequence[str]:
    """Return the flags that keep a log readable: progress lines are for terminals."""
    return () if sys.stdout.isatty() else ("--suppress-progress",)
