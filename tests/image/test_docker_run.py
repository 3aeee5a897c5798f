"""scripts/docker-run.sh: the standalone container, and what it says when it cannot be."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from app import contract

pytestmark = pytest.mark.engine

ROOT = Path(__file__).resolve().parent.parent.parent
SCRIPT = str(ROOT / "scripts" / "docker-run.sh")
TOKEN = "a-token-for-this-test-0123456789abcdef"
RUN_TIMEOUT_SECONDS = 120


def _run(image: str, container: str, env_file: Path, **environment: str) -> subprocess.CompletedProcess[str]:

    bare = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    return subprocess.run(
        [SCRIPT, "--image", image, "--name", container, "--env-file", str(env_file)],
        env=bare | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=RUN_TIMEOUT_SECONDS,
    )


def _exists(container: str) -> bool:
    found = subprocess.run(["docker", "container", "inspect", container], capture_output=True, check=False)
    return found.returncode == 0


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    path = tmp_path / "env"
    path.write_text(f"AUTH_TOKEN={TOKEN}\nSTATE_KEY={TOKEN[::-1]}\n")
    return path


def test_it_serves_on_the_published_port_and_says_where(
    image: str, container: str, env_file: Path, free_port: int
) -> None:
    ran = _run(image, container, env_file, MCP_PUBLISHED_PORT=str(free_port))
    inspected = subprocess.run(["docker", "inspect", container], capture_output=True, check=True)
    host: dict[str, Any] = json.loads(inspected.stdout)[0]["HostConfig"]

    assert ran.returncode == 0, ran.stderr
    assert f"http://127.0.0.1:{free_port}{contract.MCP_PATH}" in ran.stdout
    assert "claude mcp add-json" in ran.stdout
    assert "Bearer ${EXAI_TOKEN}" in ran.stdout
    assert TOKEN not in ran.stdout + ran.stderr
    assert httpx.get(f"http://127.0.0.1:{free_port}{contract.HEALTH_PATH}").json() == {"status": "ok"}
    assert (host["ReadonlyRootfs"], host["CapDrop"], host["Init"]) == (True, ["ALL"], True)
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["Memory"] == contract.SERVER_MEMORY_MIB * 1024 * 1024
    assert host["RestartPolicy"]["Name"] == "unless-stopped"


def test_a_wrong_environment_ends_with_the_servers_code_and_every_fault(
    image: str, container: str, env_file: Path, free_port: int
) -> None:
    wrong = "LOG_LEVEL=LOUD\nDRAIN_TIMEOUT=soon\nDATABASE_URL=nonsense\n"
    env_file.write_text(env_file.read_text() + wrong)
    ran = _run(image, container, env_file, MCP_PUBLISHED_PORT=str(free_port))

    assert ran.returncode == 78
    for name in ("LOG_LEVEL", "DRAIN_TIMEOUT", "DATABASE_URL"):
        assert name in ran.stderr
    assert "nothing was left running" in ran.stderr
    assert not _exists(container)


def test_faults_of_the_file_are_named_before_anything_starts(
    image: str, container: str, env_file: Path
) -> None:
    env_file.write_text(env_file.read_text() + "FOO_BAR=1\nKIMI_API_KEY=ab$cd\n")
    ran = _run(image, container, env_file)

    assert ran.returncode == 78
    assert "FOO_BAR" in ran.stderr
    assert "KIMI_API_KEY" not in ran.stderr  # only compose would replace $cd
    assert not _exists(container)


def test_a_taken_port_is_named_with_its_holder_before_anything_starts(
    image: str, container: str, env_file: Path, taken_port: int
) -> None:
    ran = _run(image, container, env_file, MCP_PUBLISHED_PORT=str(taken_port))

    assert ran.returncode == 69
    assert f"Port {taken_port} of 127.0.0.1 is held by" in ran.stderr
    assert "MCP_PUBLISHED_PORT" in ran.stderr
    assert not _exists(container)


def test_a_port_that_is_no_number_is_refused(image: str, container: str, env_file: Path) -> None:
    ran = _run(image, container, env_file, MCP_PUBLISHED_PORT="http")

    assert ran.returncode == 78
    assert "not a port" in ran.stderr


def test_a_volume_of_another_user_is_named_with_the_command_that_mends_it(
    image: str, container: str, env_file: Path, free_port: int
) -> None:
    mount = f"{container}-data:{contract.DATA_PATH}"
    own = ["docker", "run", "--rm", "--user", "0:0", "--volume", mount, "--entrypoint", "sh", image]
    subprocess.run(
        [*own, "-c", f"cd {contract.DATA_PATH} && touch old && chown -R 0:0 ."],
        check=True,
        capture_output=True,
        timeout=60,
    )
    refused = _run(image, container, env_file, MCP_PUBLISHED_PORT=str(free_port))
    command = refused.stderr.split("`")[1]

    assert refused.returncode == 78
    assert "belongs to user 0" in refused.stderr
    subprocess.run(command, shell=True, check=True, capture_output=True, timeout=60)  # noqa: S602 - as a user would
    assert _run(image, container, env_file, MCP_PUBLISHED_PORT=str(free_port)).returncode == 0


def test_a_container_of_that_name_is_not_replaced(
    image: str, container: str, env_file: Path, free_port: int
) -> None:
    subprocess.run(
        ["docker", "create", "--name", container, image], check=True, capture_output=True, timeout=60
    )
    ran = _run(image, container, env_file, MCP_PUBLISHED_PORT=str(free_port))

    assert ran.returncode == 69
    assert f"docker rm --force {container}" in ran.stderr


def test_an_image_that_is_not_there_is_named_with_the_script_that_builds_it(
    container: str, env_file: Path
) -> None:
    ran = _run("exai-mcp-server:never-built", container, env_file)

    assert ran.returncode == 69
    assert "scripts/docker-build.sh" in ran.stderr


def test_without_an_engine_one_sentence_says_so(container: str, env_file: Path) -> None:
    ran = _run("exai-mcp-server:any", container, env_file, DOCKER_HOST="unix:///nowhere/docker.sock")

    assert ran.returncode == 69
    assert "The Docker engine does not answer" in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1
