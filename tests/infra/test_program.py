"""The whole program on both committed stacks, under mocks."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app import contract

ROOT = Path(__file__).resolve().parents[2]
Declare = Callable[..., Any]
ConfigOf = Callable[[str], dict[str, str]]


@pytest.fixture(scope="module", params=["dev", "prod"])
def stack(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def declared(stack: str, declare: Declare, config_of: ConfigOf) -> Any:
    return declare("program", ROOT, stack, config_of(stack))


def test_a_stack_is_three_containers_two_networks_four_volumes_and_three_images(
    declared: Any, stack: str
) -> None:
    names = {kind: set(declared.all(kind)) for kind in ("Container", "Volume", "RemoteImage")}

    assert names == {
        "Container": {f"{stack}-exai-mcp-server", f"{stack}-redis", f"{stack}-postgres"},
        "Volume": {f"{stack}-{purpose}" for purpose in ("data", "logs", "redis", "postgres")},
        "RemoteImage": {f"{stack}-{image}" for image in ("image", "redis", "postgres")},
    }
    assert set(declared.all("Network")) == {"network", f"{stack}-frontend", f"{stack}-backend"}


def test_every_container_is_bounded_probed_and_hardened(declared: Any) -> None:
    for name, inputs in declared.all("Container").items():
        assert inputs["name"] == name
        assert inputs["memory"] == inputs["memorySwap"] >= inputs["memoryReservation"] > 0
        assert float(inputs["cpus"]) > 0
        assert inputs["cpuShares"] > 0
        assert inputs["healthcheck"]["tests"]
        assert inputs["readOnly"] is True
        assert inputs["init"] is True
        assert inputs["capabilities"] == {"drops": ["ALL"]}
        assert inputs["securityOpts"] == ["no-new-privileges:true"]
        assert inputs["logDriver"] == contract.LOG_DRIVER
        assert inputs["logOpts"] == {
            "max-size": contract.LOG_MAX_SIZE,
            "max-file": str(contract.LOG_MAX_FILES),
        }
        assert inputs["restart"] == "unless-stopped"
        assert inputs["destroyGraceSeconds"] > 0
        assert inputs["wait"] is True
        assert {limit["name"] for limit in inputs["ulimits"]} == {"core", "nofile"}
        assert "privileged" not in inputs
        assert "networkMode" not in inputs


def test_containers_run_ids_not_tags(declared: Any) -> None:
    assert all(inputs["image"].startswith("sha256:") for inputs in declared.all("Container").values())


def test_only_the_server_is_published_and_only_on_loopback(declared: Any, stack: str) -> None:
    ports = {name: inputs.get("ports") for name, inputs in declared.all("Container").items()}

    assert ports.pop(f"{stack}-exai-mcp-server") == [
        {"ip": "127.0.0.1", "external": contract.PORT, "internal": contract.PORT}
    ]
    assert set(ports.values()) == {None}


def test_no_environment_holds_a_secret(declared: Any) -> None:
    entries = [entry for inputs in declared.all("Container").values() for entry in inputs.get("envs", [])]
    words = ("TOKEN", "KEY", "PASSWORD", "_URL")
    secret = [entry for entry in entries if any(word in entry.partition("=")[0] for word in words)]

    assert len(secret) >= 5
    assert all(f"_FILE={contract.SECRETS_PATH}/" in entry for entry in secret)


def test_the_stores_are_on_the_network_without_a_way_out(declared: Any, stack: str) -> None:
    joined = {
        name: [network["name"] for network in inputs["networksAdvanced"]]
        for name, inputs in declared.all("Container").items()
    }

    assert declared.one("Network", f"{stack}-backend")["internal"] is True
    assert declared.one("Network", f"{stack}-frontend")["internal"] is False
    assert joined == {
        f"{stack}-exai-mcp-server": [f"{stack}-frontend", f"{stack}-backend"],
        f"{stack}-redis": [f"{stack}-backend"],
        f"{stack}-postgres": [f"{stack}-backend"],
    }


def test_every_container_answers_to_its_service_name(declared: Any, stack: str) -> None:
    for service in (contract.NAME, contract.REDIS_SERVICE, contract.POSTGRES_SERVICE):
        networks = declared.one("Container", f"{stack}-{service}")["networksAdvanced"]
        assert all(network["aliases"] == [service] for network in networks)


def test_development_reloads_from_the_checkout_and_production_runs_what_was_built(
    declared: Any, stack: str
) -> None:
    server = declared.one("Container", f"{stack}-exai-mcp-server")
    bound = {mount["target"] for mount in server["mounts"] if mount["type"] == "bind"}
    development = stack == "dev"

    target = "development" if development else "production"
    assert declared.one("RemoteImage", f"{stack}-image")["build"]["target"] == target
    assert f"ENVIRONMENT={target}" in server["envs"]
    assert ("LOG_LEVEL=DEBUG" in server["envs"]) is development
    assert (contract.SOURCE_PATH in bound) is development


def test_the_plan_names_no_path_of_this_machine_for_the_build(declared: Any, stack: str) -> None:
    build = declared.one("RemoteImage", f"{stack}-image")["build"]

    assert build["context"] == ".."
    assert all(secret["src"].startswith("../") for secret in build.get("secrets") or [])


def test_stacks_take_their_names_and_port_from_the_settings(declare: Declare) -> None:
    config = {"exai-mcp-server:prefix": "other", "exai-mcp-server:publishedPort": "9000"}

    declared = declare("program", ROOT, "dev", config)

    assert set(declared.all("Container")) == {"other-exai-mcp-server", "other-redis", "other-postgres"}
    assert declared.one("Container", "other-exai-mcp-server")["ports"][0]["external"] == 9000


def test_a_wrong_stack_file_stops_the_program_before_anything_is_declared(
    refuse: Callable[..., str],
) -> None:
    said = refuse("program", ROOT, "dev", {"exai-mcp-server:publishedPort": "no"})

    assert "`exai-mcp-server:publishedPort` is 'no', and must be a port number" in said
