"""The whole compose project on a real engine, under a name and a port of this run, beside any other."""

import os
import re
import shlex
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
COMPOSE_FILE = ROOT / "docker-compose.yml"
WAIT_SECONDS = 180
KEPT = frozenset({"PYTHON_IMAGE", "POSTGRES_IMAGE", "REDIS_IMAGE", "CA_BUNDLE"})
"""What belongs to the machine; every other variable of the file must not leak in from the caller's shell."""


@dataclass(frozen=True)
class Project:
    """A running compose project: how to command it, and where its server and token are."""

    name: str
    port: int
    token: str
    execute: Callable[[str], str]

    def container(self, service: str) -> str:
        return f"{self.name}-{service}-1"


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture(scope="session")
def docker_compose_project_name() -> str:
    return f"exai-test-{os.getpid()}"


@pytest.fixture(scope="session")
def env_file(tmp_path_factory: pytest.TempPathFactory, docker_compose_project_name: str) -> Path:
    """What scripts/docker-env.sh makes, and the port and image of this run."""
    missing = subprocess.run(["docker", "compose", "version"], capture_output=True, text=True, check=False)
    if missing.returncode != 0:
        pytest.skip(f"docker has no compose plugin: {missing.stderr.strip()}")
    path = tmp_path_factory.mktemp("compose") / "env"
    subprocess.run([ROOT / "scripts" / "docker-env.sh", path], check=True, capture_output=True, timeout=10)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    lines = [f"MCP_PUBLISHED_PORT={port}", f"MCP_IMAGE=exai-mcp-server:{docker_compose_project_name}"]
    with path.open("a") as stream:
        stream.write("\n".join([*lines, ""]))
    return path


@pytest.fixture(scope="session")
def docker_compose_command(env_file: Path) -> str:
    names = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE_FILE.read_text())) - KEPT
    unset = " ".join(f"-u {name}" for name in sorted(names))
    return f"env {unset} docker compose --env-file {shlex.quote(str(env_file))}"


@pytest.fixture(scope="session")
def docker_compose_file() -> str:
    return str(COMPOSE_FILE)


@pytest.fixture(scope="session")
def docker_setup() -> list[str]:
    return [f"up --detach --build --wait --wait-timeout {WAIT_SECONDS}"]


@pytest.fixture(scope="session")
def docker_cleanup() -> list[str]:
    return ["down --volumes --timeout 10"]


@pytest.fixture(scope="session")
def project(docker_services: Any, docker_compose_project_name: str, env_file: Path) -> Iterator[Project]:
    values = dict(line.split("=", 1) for line in env_file.read_text().splitlines() if re.match(r"\w+=", line))
    compose = docker_services._docker_compose
    yield Project(
        docker_compose_project_name,
        int(values["MCP_PUBLISHED_PORT"]),
        values["AUTH_TOKEN"],
        lambda command: str(compose.execute(command).decode()),
    )
    # The image cannot go while a container uses it, and pytest-docker removes those after this fixture.
    compose.execute("down --timeout 10")
    subprocess.run(["docker", "rmi", values["MCP_IMAGE"]], check=True, capture_output=True, timeout=60)
