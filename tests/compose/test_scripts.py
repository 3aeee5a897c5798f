"""scripts/compose-up.sh and compose-down.sh, as `make compose-up` and `make compose-down` call them."""

import os
import re
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SCRIPT_TIMEOUT_SECONDS = 400
KEPT = ("PATH", "HOME", "DOCKER_HOST", "PYTHON_IMAGE", "POSTGRES_IMAGE", "REDIS_IMAGE", "CA_BUNDLE")

pytestmark = pytest.mark.engine


@dataclass(frozen=True)
class Scripts:
    """The two scripts bound to a project of this test."""

    project: str
    env_file: Path
    run: Callable[[str], subprocess.CompletedProcess[str]]

    def up(self) -> subprocess.CompletedProcess[str]:
        return self.run("compose-up.sh")

    def down(self) -> subprocess.CompletedProcess[str]:
        return self.run("compose-down.sh")

    def server(self, form: str) -> str:
        command = ["docker", "inspect", "--format", form, f"{self.project}-exai-mcp-server-1"]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.strip()


@pytest.fixture
def scripts(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Scripts]:
    project = f"exai-scripts-{os.getpid()}-{abs(hash(request.node.name)) % 10**6}"
    image = f"exai-mcp-server:{project}"
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    environment |= {"COMPOSE_PROJECT_NAME": project, "MCP_IMAGE": image}
    env_file = tmp_path / "env"

    def run(name: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [ROOT / "scripts" / name, env_file],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=SCRIPT_TIMEOUT_SECONDS,
        )

    yield Scripts(project, env_file, run)
    down = [
        "docker",
        "compose",
        "--project-name",
        project,
        "--env-file",
        str(env_file),
        "down",
        "--volumes",
        "--timeout",
        "5",
    ]
    subprocess.run(down, cwd=ROOT, env=environment, check=True, capture_output=True, timeout=120)
    subprocess.run(["docker", "rmi", image], capture_output=True, check=False, timeout=60)


def _write(env_file: Path, *lines: str) -> None:
    if not env_file.exists():
        subprocess.run(
            [ROOT / "scripts" / "docker-env.sh", env_file], check=True, capture_output=True, timeout=10
        )
    kept = [
        line
        for line in env_file.read_text().splitlines()
        if re.match(r"\w+_(KEY|PASSWORD|TOKEN|BUNDLE)=", line)
    ]
    env_file.write_text("\n".join([*kept, *lines, ""]))


def test_wrong_values_end_with_78_and_every_fault_and_mended_ones_serve(
    scripts: Scripts, free_port: int
) -> None:
    _write(scripts.env_file, f"MCP_PUBLISHED_PORT={free_port}", "LOG_LEVEL=LOUD", "DRAIN_TIMEOUT=soon")
    refused = scripts.up()

    assert refused.returncode == 78, refused.stderr
    assert "LOG_LEVEL is 'LOUD'" in refused.stderr
    assert "DRAIN_TIMEOUT is 'soon'" in refused.stderr
    assert "Building exai-mcp-server:" in refused.stderr
    assert "\x1b" not in refused.stderr
    assert "redis" not in refused.stderr.partition("LOG_LEVEL is")[2]  # the stores' logs explain nothing here
    assert scripts.server("{{.State.Status}}") == "exited"

    _write(scripts.env_file, f"MCP_PUBLISHED_PORT={free_port}")
    served = scripts.up()
    token = next(line for line in scripts.env_file.read_text().splitlines() if line.startswith("AUTH_TOKEN="))

    assert served.returncode == 0, served.stderr
    assert f"http://127.0.0.1:{free_port}/mcp" in served.stdout
    assert str(scripts.env_file) in served.stdout
    assert token.partition("=")[2] not in served.stdout + served.stderr
    assert httpx.get(f"http://127.0.0.1:{free_port}/health").status_code == 200

    started = scripts.server("{{.State.StartedAt}}")
    again = scripts.up()

    assert again.returncode == 0, again.stderr  # its own port is not "taken"
    assert scripts.server("{{.State.StartedAt}}") == started

    assert scripts.down().returncode == 0
    volumes = subprocess.run(
        [
            "docker",
            "volume",
            "ls",
            "--quiet",
            "--filter",
            f"label=com.docker.compose.project={scripts.project}",
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout.split()
    assert set(volumes) == {f"{scripts.project}_{name}" for name in ("data", "logs", "redis", "postgres")}


def test_a_taken_port_is_named_before_anything_is_created(scripts: Scripts) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        _write(scripts.env_file, f"MCP_PUBLISHED_PORT={port}")
        refused = scripts.up()
    networks = subprocess.run(
        ["docker", "network", "ls", "--quiet", "--filter", f"name={scripts.project}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout

    assert refused.returncode == 69
    assert f"Port {port} of 127.0.0.1 is held by" in refused.stderr
    assert networks == ""


def test_a_missing_secret_ends_before_anything_is_created(scripts: Scripts) -> None:
    _write(scripts.env_file)
    lines = scripts.env_file.read_text().splitlines()
    scripts.env_file.write_text(
        "\n".join(line for line in lines if not line.startswith("REDIS_PASSWORD")) + "\n"
    )
    refused = scripts.up()
    _write(scripts.env_file, "REDIS_PASSWORD=for-the-clean-up")

    assert refused.returncode == 78
    assert "REDIS_PASSWORD is missing a value" in refused.stderr


def test_down_with_a_file_that_is_not_there_says_which(scripts: Scripts) -> None:
    refused = scripts.down()
    _write(scripts.env_file)

    assert refused.returncode == 78
    assert f"{scripts.env_file} is not there" in refused.stderr
