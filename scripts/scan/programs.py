"""The programs that scan: those of the environment, and those that are built from their own sources.

gitleaks and actionlint are Go programs that no package registry has as their authors made them.
tools/scanners pins both with the hashes of every module; they are built once and kept outside the clone.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from scripts.bootstrap import cache, golang, progress
from scripts.bootstrap.machine import Machine
from scripts.bootstrap.refusal import Refusal
from scripts.scan.verdict import CannotAsk

ROOT = Path(__file__).resolve().parents[2]
BUILT = ("actionlint", "gitleaks")
MODULE = ROOT / "tools" / "scanners"
BUILD_SECONDS = 1800.0
RUN_SECONDS = 600
"""For one program over everything there is; gitleaks over a long history takes the longest."""


def path(name: str) -> str:
    """Return where a program is, built now if it is one of those and not there yet.

    Raises:
        CannotAsk: it is not there, and cannot be built here.
    """
    if name in BUILT:
        return str(_built() / name)
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.is_file() else shutil.which(name)
    if found is None:
        raise CannotAsk(f"{name} is not in the environment (`python3 scripts/bootstrap python` installs it)")
    return found


def run(
    name: str,
    *arguments: str,
    cwd: Path = ROOT,
    environment: Mapping[str, str] | None = None,
    passing: Sequence[int] = (0,),
) -> "subprocess.CompletedProcess[str]":
    """Run a program to its end and return what it said.

    Raises:
        CannotAsk: it is not there, took too long, or ended with another code than those in `passing`.
    """
    try:
        done = subprocess.run(
            [path(name), *arguments],
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=RUN_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CannotAsk(f"{name} did not end within {RUN_SECONDS} s") from None
    if done.returncode not in passing:
        said = (done.stderr.strip() or done.stdout.strip() or "it gave no reason").splitlines()[-1]
        raise CannotAsk(f"{name} ended with {done.returncode} ({said})")
    return done


def _built() -> Path:
    machine = Machine.this()
    pins = [MODULE / "go.mod", MODULE / "go.sum"]
    try:
        return cache.make(
            machine.cache,
            "scanners",
            cache.digest(pins, machine.architecture),
            lambda out: _build(machine, out),
        )
    except Refusal as refusal:
        raise CannotAsk(" ".join(refusal.sentences).rstrip(".")) from None


def _build(machine: Machine, out: Path) -> None:
    with progress.step("building gitleaks and actionlint from Go modules", "about 2 min, once"):
        go = golang.supply(machine, ROOT)
        progress.run(
            ["go", "build", "-trimpath", "-ldflags=-s -w", f"-o={out}{os.sep}", "tool"],
            what="Building the scanners",
            remedy="check that the Go module proxy (GOPROXY) answers and 2 GB are free, then run again",
            log=machine.cache / "logs" / "scanners.log",
            timeout=BUILD_SECONDS,
            environ={
                **machine.environ,
                "PATH": f"{go}{os.pathsep}{machine.environ.get('PATH', '')}",
                "CGO_ENABLED": "0",
                "GOFLAGS": "-mod=readonly -buildvcs=false",
                "GOTOOLCHAIN": "local",
                "GOWORK": "off",
            },
            cwd=MODULE,
        )
