"""The running project's containers are hardened, bounded and unreachable as the compose file says."""

import json
import subprocess
from typing import Any

import pytest

from app import contract
from tests.compose.conftest import Project

pytestmark = pytest.mark.engine

MIB = 1024 * 1024
SERVICES = (contract.NAME, contract.REDIS_SERVICE, contract.POSTGRES_SERVICE)
USERS = {
    contract.NAME: f"{contract.USER_ID}:{contract.GROUP_ID}",
    contract.REDIS_SERVICE: f"{contract.STORE_USER_ID}:{contract.STORE_USER_ID}",
    contract.POSTGRES_SERVICE: f"{contract.STORE_USER_ID}:{contract.STORE_USER_ID}",
}
ENDINGS = ("PASSWORD", "TOKEN", "KEY")


def _inspect(project: Project, service: str) -> dict[str, Any]:
    command = ["docker", "inspect", project.container(service)]
    found: dict[str, Any] = json.loads(
        subprocess.run(command, capture_output=True, check=True, timeout=30).stdout
    )[0]
    return found


@pytest.fixture(params=SERVICES)
def inspected(request: pytest.FixtureRequest, project: Project) -> tuple[str, dict[str, Any]]:
    return request.param, _inspect(project, request.param)


def test_every_service_is_healthy(inspected: tuple[str, dict[str, Any]]) -> None:
    _, container = inspected

    assert container["State"]["Health"]["Status"] == "healthy"


def test_every_service_runs_as_its_user_without_privileges(inspected: tuple[str, dict[str, Any]]) -> None:
    service, container = inspected
    host = container["HostConfig"]

    assert container["Config"]["User"] == USERS[service]
    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert any(option.startswith("no-new-privileges") for option in host["SecurityOpt"])
    assert host["Privileged"] is False
    assert host["Init"] is True
    assert host["NetworkMode"] not in ("host", "bridge", "default")


@pytest.mark.parametrize("service", SERVICES)
def test_the_kernel_agrees_that_nothing_may_be_gained(project: Project, service: str) -> None:
    command = ["docker", "exec", project.container(service), "cat", "/proc/1/status"]
    lines = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=30
    ).stdout.splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)

    assert {name: int(status[name], 16) for name in ("CapEff", "CapPrm", "CapBnd")} == {
        "CapEff": 0,
        "CapPrm": 0,
        "CapBnd": 0,
    }
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"


def test_every_service_is_bounded(inspected: tuple[str, dict[str, Any]]) -> None:
    _, container = inspected
    host = container["HostConfig"]

    assert host["Memory"] > 0
    assert host["MemorySwap"] in (host["Memory"], -1, 0)  # -1 or 0 where the kernel cannot account swap
    assert host["MemoryReservation"] > 0
    assert host["NanoCpus"] > 0
    assert host["PidsLimit"] > 0
    assert {limit["Name"] for limit in host["Ulimits"]} == {"nofile", "core"}
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    assert host["LogConfig"] == {
        "Type": contract.LOG_DRIVER,
        "Config": {"max-size": contract.LOG_MAX_SIZE, "max-file": str(contract.LOG_MAX_FILES)},
    }


def test_the_server_has_the_limits_of_the_contract(project: Project) -> None:
    container = _inspect(project, contract.NAME)
    host = container["HostConfig"]

    assert host["Memory"] == contract.SERVER_MEMORY_MIB * MIB
    assert host["MemoryReservation"] == contract.SERVER_MEMORY_RESERVATION_MIB * MIB
    assert host["NanoCpus"] == contract.SERVER_CPUS * 1e9
    assert container["Config"]["StopTimeout"] == contract.STOP_GRACE_SECONDS


def test_no_path_of_the_host_is_mounted(inspected: tuple[str, dict[str, Any]]) -> None:
    _, container = inspected

    assert {mount["Type"] for mount in container["Mounts"]} <= {"volume", "tmpfs"}


def test_only_the_server_is_published_and_on_loopback_only(project: Project) -> None:
    published = {service: _inspect(project, service)["HostConfig"]["PortBindings"] for service in SERVICES}

    assert published == {
        contract.NAME: {f"{contract.PORT}/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(project.port)}]},
        contract.REDIS_SERVICE: {},
        contract.POSTGRES_SERVICE: {},
    }


def test_the_stores_are_on_a_network_without_a_way_out(project: Project) -> None:
    backend = f"{project.name}_backend"
    command = ["docker", "network", "inspect", "--format", "{{.Internal}}", backend]
    internal = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.strip()

    assert internal == "true"
    for service in (contract.REDIS_SERVICE, contract.POSTGRES_SERVICE):
        assert list(_inspect(project, service)["NetworkSettings"]["Networks"]) == [backend]


@pytest.mark.parametrize("port", [contract.REDIS_PORT, contract.POSTGRES_PORT])
def test_a_port_of_the_host_does_not_lead_to_the_stores(project: Project, port: int) -> None:
    owners = subprocess.run(
        ["docker", "ps", "--quiet", "--filter", f"publish={port}", "--filter", f"name={project.name}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout

    assert owners == ""


def test_no_password_is_on_a_command_line(project: Project) -> None:
    for service in SERVICES:
        script = "for file in /proc/[0-9]*/cmdline; do tr '\\0' ' ' < $file; done 2> /dev/null || true"
        command = ["docker", "exec", project.container(service), "sh", "-c", script]
        lines = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout
        environment = dict(entry.partition("=")[::2] for entry in _inspect(project, service)["Config"]["Env"])
        secrets = [value for name, value in environment.items() if value and name.endswith(ENDINGS)]

        assert secrets
        assert not [secret for secret in secrets if secret in lines]
