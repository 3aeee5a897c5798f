"""A made-up machine: what is on its PATH, what its programs answer, which hosts it reaches."""

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from app import contract
from scripts.bootstrap.machine import Answer, Machine

from .engine_bench import Bench, docker

DOCKER_INFO = ("docker", "info", "--format", "{{json .}}")
IMAGE_LIST = ("docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}")
ALL_IMAGES = "python:3.13-slim\npostgres:17\nredis:8\nhaproxy:3.0\n"


@dataclass(frozen=True)
class FakeMachine(Machine):
    """Answers from tables, and remembers what was asked."""

    programs: dict[str, str] = field(default_factory=dict)
    answers: dict[tuple[str, ...], Answer] = field(default_factory=dict)
    hosts: set[str] = field(default_factory=set)
    asked: list[tuple[str, ...]] = field(default_factory=list)
    reached: list[str] = field(default_factory=list)

    def which(self, name: str) -> Path | None:
        found = self.programs.get(name)
        return Path(found) if found else None

    def ask(self, *command: str) -> Answer:
        self.asked.append(command)
        return self.answers.get(command, Answer(127, err=f"{command[0]}: not found"))

    def reaches(self, url: str) -> bool:
        self.reached.append(url)
        return any(host in url for host in self.hosts)


def docker_info(
    *, plugins: tuple[str, ...] = ("buildx", "compose"), mirrors: tuple[str, ...] = (), error: str = ""
) -> Answer:
    """Compose what `docker info` says of an engine that answers, or of one that does not."""
    info: dict[str, Any] = {"ClientInfo": {"Plugins": [{"Name": name} for name in plugins]}}
    if error:
        return Answer(1, json.dumps({**info, "ServerErrors": [error]}))
    return Answer(0, json.dumps({**info, "ServerVersion": "28.0", "RegistryConfig": {"Mirrors": mirrors}}))


MakeMachine = Callable[..., FakeMachine]


@pytest.fixture
def machine(tmp_path: Path) -> MakeMachine:
    """Build a Debian machine of root's that has everything, changed by keywords."""

    def build(**changes: Any) -> FakeMachine:
        facts: dict[str, Any] = {
            "system": "linux",
            "architecture": "amd64",
            "distribution": "debian",
            "superuser": True,
            "systemd": False,
            "environ": {"XDG_CACHE_HOME": str(tmp_path / "cache")},
            "home": tmp_path,
            "programs": {"docker": "/usr/bin/docker", "pulumi": "/usr/local/bin/pulumi"},
            "answers": {
                DOCKER_INFO: docker_info(),
                IMAGE_LIST: Answer(0, ALL_IMAGES),
                ("/usr/local/bin/pulumi", "version"): Answer(0, "v3.240.0\n"),
            },
        }
        return FakeMachine(**{**facts, **changes})

    return build


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Lay out the few files of a clone that the bootstrap's decisions read."""
    root = tmp_path / "clone"
    for module in ("cli", "language", "docker", "docker/shim"):
        (root / "tools/toolchain" / module).mkdir(parents=True)
        (root / "tools/toolchain" / module / "go.mod").write_text(f"module {module}\n")
    (root / "tools/toolchain/build.sh").write_text("exit 1\n")
    (root / "tools/toolchain/go.txt").write_text(f"# pins\nversion 1.26.8\namd64 {'0' * 64}\n")
    for name in ("python", "postgres", "redis", "haproxy"):
        (root / "tools/images" / name).mkdir(parents=True)
        (root / "tools/images" / name / "Dockerfile").write_text("FROM scratch\n")
    for name in ("build.sh", "trim.sh"):
        (root / "tools/images" / name).write_text("exit 1\n")
    (root / "uv.lock").write_text("version = 1\n")
    (root / "pyproject.toml").write_text("[project]\n")
    (root / ".exai").mkdir(mode=0o700)
    return root


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench(f"exai-test-{uuid.uuid4().hex[:8]}")
    yield made
    if made.containers:
        docker("rm", "--force", "--volumes", *made.containers)
    if made.volumes:
        docker("volume", "rm", *made.volumes)


@pytest.fixture(scope="module")
def base_images() -> None:
    """Skip where the engine lacks a base image."""
    listed = docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").stdout.split()
    missing = [image for image in contract.IMAGES.values() if image not in listed]
    if missing:
        pytest.skip(f"not on this engine: {', '.join(missing)} (run `python3 scripts/bootstrap images`)")


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """Make a folder that the users in the containers may read."""
    tmp_path.chmod(0o755)
    return tmp_path
