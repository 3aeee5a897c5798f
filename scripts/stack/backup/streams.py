"""Bytes out of and into a container, through files, so that no size of a database matters here."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from infra.engine import sentence
from scripts.stack.errors import StackError

SECONDS = 3600.0
"""For one part of a backup, whatever its size."""


def save(path: Path, container: str, *command: str) -> None:
    """Write what a command in a container prints into a new file that only its owner may read.

    Raises:
        StackError: the command failed or took too long.
    """
    path.touch(mode=0o600)
    with path.open("wb") as file:
        _run(command[0], ("exec", container, *command), stdout=file)


def feed(path: Path, container: str, *command: str) -> None:
    """Give a file to a command in a container.

    Raises:
        StackError: the command failed or took too long.
    """
    with path.open("rb") as file:
        _run(command[0], ("exec", "--interactive", container, *command), stdin=file)


def _run(
    what: str,
    arguments: Sequence[str],
    stdin: BinaryIO | int = subprocess.DEVNULL,
    stdout: BinaryIO | int = subprocess.DEVNULL,
) -> None:
    try:
        done = subprocess.run(
            ["docker", *arguments],
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise StackError(f"{what} did not end within {SECONDS:g} s: look at the disks.") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise StackError(f"{what} failed. {sentence(said)}")
