"""A workbench on the real engine: containers and volumes with names of their own, and how to wait."""

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

READY_SECONDS = 60.0
POLL_SECONDS = 0.1
COMMAND_SECONDS = 60.0
TEMPORARY = "/tmp"  # noqa: S108 - in the container
HARDENED = tuple(f"--user 999:999 --read-only --tmpfs {TEMPORARY} --cap-drop ALL --network none".split())


def docker(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False
    )


@dataclass
class Bench:
    """Containers and volumes with names of their own, all removed at the end."""

    prefix: str
    containers: list[str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)

    def volume(self) -> str:
        name = f"{self.prefix}-{len(self.volumes)}"
        assert docker("volume", "create", name).returncode == 0
        self.volumes.append(name)
        return name

    def start(self, *arguments: str) -> str:
        name = f"{self.prefix}-{len(self.containers)}"
        self.containers.append(name)
        started = docker("run", "--detach", "--name", name, *arguments)
        assert started.returncode == 0, started.stderr
        return name

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        name = f"{self.prefix}-{len(self.containers)}"
        self.containers.append(name)
        return docker("run", "--name", name, *arguments)


def eventually(name: str, answers: Callable[[], bool]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not answers():
        if time.monotonic() > deadline:
            pytest.fail(f"not ready within {READY_SECONDS:.0f} s:\n{logs(name)}")
        time.sleep(POLL_SECONDS)


def logs(name: str) -> str:
    said = docker("logs", name)
    return said.stdout + said.stderr


def probe(name: str, command: tuple[str, ...]) -> bool:
    kind, *words = command
    return docker("exec", name, *(["sh", "-c", *words] if kind == "CMD-SHELL" else words)).returncode == 0


def postgres_ready(name: str) -> None:
    eventually(
        name, lambda: docker("exec", name, "pg_isready", "-h", "127.0.0.1", "-U", "postgres").returncode == 0
    )


def query(name: str, sql: str, *, user: str = "postgres", database: str = "postgres") -> str:
    done = docker("exec", name, "psql", "-U", user, "-d", database, "-tAc", sql)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
