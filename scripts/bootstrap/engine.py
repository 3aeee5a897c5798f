"""The Docker engine on a registries-only Debian or Ubuntu: install it, start it, end the one we started."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from scripts.bootstrap import cache, look, packages, progress
from scripts.bootstrap.machine import Machine, last_line
from scripts.bootstrap.refusal import Refusal

PACKAGES = ("docker.io", "containerd", "runc", "iptables")
START_SECONDS = 60.0
STOP_SECONDS = 60.0
"""It stops its containers first, each with its own grace."""

POLL_SECONDS = 0.3


def supply(machine: Machine) -> None:
    """Install the engine if it is not there, start it if it does not answer, wait until it does.

    Raises:
        Refusal: a package or the engine itself failed.
    """
    with cache.lock(machine.cache / "engine.lock"):
        _supply(machine)


def _supply(machine: Machine) -> None:
    if machine.which("dockerd") is None or machine.which("docker") is None:
        with progress.step("installing the Docker engine from Debian packages", "about 30 s"):
            packages.install(machine, PACKAGES)
            if machine.which("docker") is None:  # a package of its own since Debian 13
                packages.install(machine, ("docker-cli",))
    if look.engine(machine).answers:
        return
    with progress.step("starting the Docker engine", "a few seconds"):
        if machine.systemd:
            machine.ask("systemctl", "start", "docker")
            _wait(machine, None)
        else:
            child = start(machine)
            _wait(machine, child)


def log_path(machine: Machine) -> Path:
    """Where an engine that we started writes."""
    return machine.cache / "logs" / "dockerd.log"


def _record(machine: Machine) -> Path:
    return machine.cache / "dockerd.json"


def start(machine: Machine, arguments: Sequence[str] = ()) -> "subprocess.Popen[bytes]":
    """Start dockerd in a session of its own, so that it outlives us, and record who it is."""
    log = log_path(machine)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as sink:
        child = subprocess.Popen(
            ["dockerd", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            cwd="/",
            env=dict(machine.environ),
            start_new_session=True,
        )
    _record(machine).write_text(json.dumps({"pid": child.pid, "started": _started(child.pid)}))
    return child


def _wait(machine: Machine, child: "subprocess.Popen[bytes] | None") -> None:
    deadline = time.monotonic() + START_SECONDS
    log = log_path(machine) if child else "`journalctl -u docker`"
    while not look.engine(machine).answers:
        if child and child.poll() is not None:
            why = last_line([log_path(machine).read_text(errors="replace")])
            raise Refusal(
                f"The Docker engine ended while it started ({why}): this machine may lack the rights or "
                f"the kernel modules for it; its log is {log}."
            )
        if time.monotonic() >= deadline:
            raise Refusal(
                f"The Docker engine did not answer within {START_SECONDS:.0f} s: "
                f"look into its log {log} and run again."
            )
        time.sleep(POLL_SECONDS)


def _started(pid: int) -> str:
    """Return the kernel's start time of a process: with the pid it names one process until the next boot."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    state, *rest = stat.rpartition(")")[2].split()
    return "" if state == "Z" else rest[18]


def stop(machine: Machine) -> bool:
    """End the engine if the bootstrap started it: the recorded process and no other. False if there is none.

    Raises:
        Refusal: it did not end in time.
    """
    record = _record(machine)
    try:
        recorded = json.loads(record.read_text())
        pid, started = int(recorded["pid"]), str(recorded["started"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
    if not started or _started(pid) != started:
        record.unlink(missing_ok=True)
        return False
    with progress.step(
        f"stopping the Docker engine that the bootstrap started (process {pid})", "a few seconds"
    ):
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while _started(pid) == started:
            if time.monotonic() >= deadline:
                raise Refusal(
                    f"The Docker engine (process {pid}) did not end within {STOP_SECONDS:.0f} s: look into "
                    f"{log_path(machine)} and end it yourself."
                )
            time.sleep(POLL_SECONDS)
    record.unlink(missing_ok=True)
    return True
