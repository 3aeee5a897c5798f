"""The contract is written once: every file that repeats a fact of `app/contract.py` is compared with it."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from app import contract

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
SERVICES = (contract.NAME, contract.REDIS_SERVICE, contract.POSTGRES_SERVICE)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


@pytest.fixture(scope="module")
def dockerfile() -> str:
    return re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text())


def _instruction(dockerfile: str, name: str) -> list[str]:
    return re.findall(rf"^{name}\s+(.+)$", dockerfile, re.MULTILINE)


def _seconds(duration: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(ms|s|m)", duration).groups()  # type: ignore[union-attr]  # a mismatch must fail
    return float(number) * {"ms": 0.001, "s": 1, "m": 60}[unit]


def test_compose_has_the_services_of_the_contract(compose: dict[str, Any]) -> None:
    always = {name for name, service in compose["services"].items() if "profiles" not in service}

    assert always == set(SERVICES)


def test_compose_takes_the_default_images(compose: dict[str, Any]) -> None:
    images = {name: compose["services"][name]["image"] for name in SERVICES[1:]}

    assert images == {
        "redis": f"${{REDIS_IMAGE:-{contract.IMAGES['redis']}}}",
        "postgres": f"${{POSTGRES_IMAGE:-{contract.IMAGES['postgres']}}}",
    }


def test_the_observability_profile_takes_the_images_of_the_contract(compose: dict[str, Any]) -> None:
    services = compose["services"]
    images = {
        name: service["image"]
        for name, service in services.items()
        if service.get("profiles") == ["observability"]
    }

    assert images == {
        name: f"${{{name.upper()}_IMAGE:-{image}}}" for name, image in contract.OBSERVABILITY_IMAGES.items()
    }


def test_compose_publishes_the_port_on_loopback_only(compose: dict[str, Any]) -> None:
    assert compose["services"][contract.NAME]["ports"] == [
        f"127.0.0.1:${{MCP_PUBLISHED_PORT:-{contract.PORT}}}:{contract.PORT}"
    ]
    assert all("ports" not in compose["services"][name] for name in SERVICES[1:])


@pytest.mark.parametrize(
    ("service", "probe"),
    [
        (contract.REDIS_SERVICE, contract.PROBE_REDIS),
        (contract.POSTGRES_SERVICE, contract.PROBE_POSTGRES),
    ],
)
def test_compose_probes_the_stores_as_the_contract_says(
    compose: dict[str, Any], service: str, probe: tuple[str, ...]
) -> None:
    check = compose["services"][service]["healthcheck"]

    assert [part.replace("$$", "$") for part in check["test"]] == list(probe)
    assert _seconds(check["interval"]) == contract.PROBE_INTERVAL_SECONDS
    assert _seconds(check["timeout"]) == contract.PROBE_TIMEOUT_SECONDS
    assert _seconds(check["start_period"]) == contract.PROBE_START_PERIOD_SECONDS
    assert check["retries"] == contract.PROBE_RETRIES


def test_compose_starts_redis_as_the_contract_says(compose: dict[str, Any]) -> None:
    command = compose["services"][contract.REDIS_SERVICE]["command"]

    assert [part.replace("$$", "$") for part in command] == list(contract.REDIS_COMMAND)


def test_compose_bounds_the_server_and_the_logs_as_the_contract_says(compose: dict[str, Any]) -> None:
    server = compose["services"][contract.NAME]
    resources = server["deploy"]["resources"]

    assert float(resources["limits"]["cpus"]) == contract.SERVER_CPUS
    assert resources["limits"]["memory"] == f"{contract.SERVER_MEMORY_MIB}M"
    assert float(resources["reservations"]["cpus"]) == contract.SERVER_CPU_RESERVATION
    assert resources["reservations"]["memory"] == f"{contract.SERVER_MEMORY_RESERVATION_MIB}M"
    for name in SERVICES:
        logging = compose["services"][name]["logging"]
        assert logging["driver"] == f"${{LOG_DRIVER:-{contract.LOG_DRIVER}}}"


def test_the_dockerfile_probes_as_the_contract_says(dockerfile: str) -> None:
    (probe,) = _instruction(dockerfile, "HEALTHCHECK")
    options = dict(re.findall(r"--([a-z-]+)=(\S+)", probe))
    command = probe[probe.index("CMD") + len("CMD") :].strip()

    assert ["CMD", *json.loads(command)] == list(contract.PROBE_SERVER)
    assert _seconds(options["interval"]) == contract.PROBE_INTERVAL_SECONDS
    assert _seconds(options["timeout"]) == contract.PROBE_TIMEOUT_SECONDS
    assert _seconds(options["start-period"]) == contract.PROBE_START_PERIOD_SECONDS
    assert int(options["retries"]) == contract.PROBE_RETRIES


def test_the_dockerfile_has_the_user_port_and_base_of_the_contract(dockerfile: str) -> None:
    arguments = dict(line.partition("=")[::2] for line in _instruction(dockerfile, "ARG"))

    assert _instruction(dockerfile, "USER")[-1] == f"{contract.USER_ID}:{contract.GROUP_ID}"
    assert _instruction(dockerfile, "EXPOSE") == [str(contract.PORT)]
    assert arguments["PYTHON_IMAGE"] == contract.IMAGES["python"]


def test_the_image_environment_has_the_paths_of_the_contract(dockerfile: str) -> None:
    pairs = (shlex.split(line) for line in _instruction(dockerfile, "ENV"))
    environment = dict(pair.partition("=")[::2] for line in pairs for pair in line)

    assert environment["DATA_DIR"] == contract.DATA_PATH
    assert environment["LOG_DIR"] == contract.LOG_PATH
    assert environment["CONFIG_DIR"] == contract.CONFIG_PATH


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", ".env.docker.example"])
def test_pages_name_no_other_port(page: str) -> None:
    ports = set(re.findall(r"127\.0\.0\.1:(\d+)", (ROOT / page).read_text()))

    assert ports <= {str(contract.PORT)}


@pytest.mark.parametrize(
    "verb", sorted(set(re.findall(r"(?:^|[`(])make (?:-s )?([a-z-]+)", README, re.MULTILINE)))
)
def test_every_verb_that_the_readme_names_exists(verb: str) -> None:
    assert re.search(rf"^{verb}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
