"""The whole program on both committed stacks, production on either engine, under mocks."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app import contract
from infra.service import HARDENED

ROOT = Path(__file__).resolve().parents[2]
Declare = Callable[..., Any]
ConfigOf = Callable[[str], dict[str, str]]
SERVER = contract.NAME
DEVELOPMENT = {"dev-exai-mcp-server", "dev-redis", "dev-postgres"}
REPLICAS = {f"prod-{name}-{number}" for name in ("exai-mcp-server", "edge") for number in (1, 2)}
WORDS = ("TOKEN", "KEY", "PASSWORD", "_URL")
NO_SECRET = {"PUBLIC_URL"}


@pytest.fixture(scope="module")
def development(declare: Declare, config_of: ConfigOf) -> Any:
    return declare("program", ROOT, "dev", config_of("dev"))


@pytest.fixture(scope="module")
def swarm(declare: Declare, config_of: ConfigOf) -> Any:
    return declare("program", ROOT, "prod", config_of("prod"))


@pytest.fixture(scope="module")
def containers(declare: Declare, config_of: ConfigOf) -> Any:
    return declare("program", ROOT, "prod", {**config_of("prod"), "exai-mcp-server:engine": "containers"})


@pytest.fixture(params=["development", "containers"])
def plain(request: pytest.FixtureRequest) -> Any:
    """A stack of plain containers."""
    return request.getfixturevalue(request.param)


@pytest.fixture(params=["swarm", "containers"])
def production(request: pytest.FixtureRequest) -> Any:
    """Production on either engine."""
    return request.getfixturevalue(request.param)


def test_development_is_three_containers_two_networks_four_volumes_and_three_images(development: Any) -> None:
    assert set(development.all("Container")) == DEVELOPMENT
    assert set(development.all("Volume")) == {
        f"dev-{purpose}" for purpose in ("data", "logs", "redis", "postgres")
    }
    assert set(development.all("RemoteImage")) == {"dev-image", "dev-redis", "dev-postgres"}
    assert set(development.all("Network")) == {"network", "dev-frontend", "dev-backend"}


def test_production_is_five_services_on_a_swarm(swarm: Any) -> None:
    names = ("exai-mcp-server", "redis", "postgres", "edge", "door")

    assert set(swarm.all("Service")) == {f"prod-{name}" for name in names}
    assert swarm.all("Container") == {}
    assert set(swarm.all("Volume")) == {
        f"prod-{purpose}" for purpose in ("data", "logs", "redis", "postgres")
    }


def test_production_is_the_same_in_containers_with_volumes_of_files(containers: Any) -> None:
    assert set(containers.all("Container")) == {*REPLICAS, "prod-redis", "prod-postgres", "prod-door"}
    assert containers.all("Service") == containers.all("Secret") == {}
    assert {name for name in containers.all("Volume") if name.endswith(("secrets", "haproxy"))} == {
        "prod-exai-mcp-server-secrets",
        "prod-edge-secrets",
        "prod-edge-haproxy",
        "prod-door-haproxy",
    }


def test_every_container_is_bounded_probed_and_hardened(plain: Any) -> None:
    for inputs in plain.all("Container").values():
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


def test_every_service_is_bounded_probed_and_hardened(swarm: Any) -> None:
    for inputs in swarm.all("Service").values():
        task = inputs["taskSpec"]
        container, resources = task["containerSpec"], task["resources"]
        assert resources["limits"]["memoryBytes"] >= resources["reservation"]["memoryBytes"] > 0
        assert resources["limits"]["nanoCpus"] >= resources["reservation"]["nanoCpus"] > 0
        assert container["healthcheck"]["tests"]
        assert container["readOnly"] is True
        assert container["init"] is True
        assert container["capDrops"] == ["ALL"]
        assert "capAdds" not in container
        assert container["commands"][: len(HARDENED)] == list(HARDENED)
        assert all(part.isdigit() for part in container["user"].split(":"))
        assert task["logDriver"]["options"] == {
            "max-size": contract.LOG_MAX_SIZE,
            "max-file": str(contract.LOG_MAX_FILES),
        }
        assert task["restartPolicy"]["condition"] == "any"
        assert inputs["updateConfig"]["failureAction"] == "rollback"


def test_only_one_of_a_kind_has_a_fixed_name(plain: Any) -> None:
    for name, inputs in plain.all("Container").items():
        assert inputs.get("name") == (None if name in REPLICAS else name)


def test_content_is_run_and_not_tags(plain: Any, swarm: Any) -> None:
    assert all(inputs["image"].startswith("sha256:") for inputs in plain.all("Container").values())
    for service in swarm.all("Service").values():
        assert service["taskSpec"]["containerSpec"]["image"].startswith("sha256:")


def test_development_publishes_its_server_on_loopback_only(development: Any) -> None:
    ports = {name: inputs.get("ports") for name, inputs in development.all("Container").items()}

    assert ports.pop("dev-exai-mcp-server") == [
        {"ip": "127.0.0.1", "external": contract.PORT, "internal": contract.PORT}
    ]
    assert set(ports.values()) == {None}


def test_production_publishes_its_door_only(swarm: Any, containers: Any) -> None:
    bound = {name: inputs.get("ports") for name, inputs in containers.all("Container").items()}
    published = {name: inputs["endpointSpec"].get("ports") for name, inputs in swarm.all("Service").items()}

    assert bound.pop("prod-door") == [
        {"ip": "0.0.0.0", "external": contract.PORT, "internal": contract.PORT}  # noqa: S104 - meant for the world
    ]
    assert published.pop("prod-door")[0]["publishedPort"] == contract.PORT
    assert set(bound.values()) == set(published.values()) == {None}


def test_no_environment_holds_a_secret(plain: Any, swarm: Any) -> None:
    entries = [
        entry.partition("=")[::2]
        for inputs in plain.all("Container").values()
        for entry in inputs.get("envs", [])
    ]
    for service in swarm.all("Service").values():
        entries += service["taskSpec"]["containerSpec"].get("env", {}).items()
    secret = [pair for pair in entries if any(word in pair[0] for word in WORDS) and pair[0] not in NO_SECRET]

    assert len(secret) >= 8
    assert all(name.endswith("_FILE") for name, _ in secret)
    assert {text for _, text in secret} <= {
        contract.NOBODYS_PASSWORD,
        *(f"{contract.SECRETS_PATH}/{name}" for name in SECRET_FILES),
    }


SECRET_FILES = ("auth_token", "state_key", "database_url", "redis_url")


def test_nothing_of_the_host_is_mounted_in_production(production: Any) -> None:
    mounts = [mount for inputs in production.all("Container").values() for mount in inputs["mounts"]]
    for service in production.all("Service").values():
        mounts += service["taskSpec"]["containerSpec"]["mounts"]

    assert {mount["type"] for mount in mounts} == {"volume", "tmpfs"}


def test_the_stores_are_on_the_network_without_a_way_out(plain: Any) -> None:
    stack = "dev" if "dev-redis" in plain.all("Container") else "prod"
    joined = {
        name: [network["name"] for network in inputs["networksAdvanced"]]
        for name, inputs in plain.all("Container").items()
    }

    assert plain.one("Network", f"{stack}-backend")["internal"] is True
    assert plain.one("Network", f"{stack}-frontend")["internal"] is False
    for name, networks in joined.items():
        expected = [f"{stack}-frontend", f"{stack}-backend"]
        if name.endswith(("redis", "postgres")):
            expected = [f"{stack}-backend"]
        if "edge" in name or "door" in name:
            expected = [f"{stack}-frontend"]
        assert networks == expected


def test_who_may_not_be_found_yet_has_no_name_for_others_and_everybody_else_has(
    plain: Any, swarm: Any
) -> None:
    for name, inputs in plain.all("Container").items():
        aliases = [network.get("aliases") for network in inputs["networksAdvanced"]]
        service = name.partition("-")[2]
        assert set(map(str, aliases)) == {"None" if name in REPLICAS else str([service])}
    for name, inputs in swarm.all("Service").items():
        for network in inputs["taskSpec"]["networksAdvanceds"]:
            assert network["aliases"] == [name.removeprefix("prod-")]


def test_development_reloads_from_the_checkout_and_production_runs_what_was_built(
    development: Any, containers: Any
) -> None:
    dev = development.one("Container", "dev-exai-mcp-server")
    prod = containers.one("Container", "prod-exai-mcp-server-1")
    bound = {mount["target"] for mount in dev["mounts"] if mount["type"] == "bind"}

    assert development.one("RemoteImage", "dev-image")["build"]["target"] == "development"
    assert containers.one("RemoteImage", "prod-image")["build"]["target"] == "production"
    assert "ENVIRONMENT=development" in dev["envs"]
    assert "ENVIRONMENT=production" in prod["envs"]
    assert "LOG_LEVEL=DEBUG" in dev["envs"]
    assert contract.SOURCE_PATH in bound


def test_production_protects_its_volumes_and_nothing_else_has_data(production: Any) -> None:
    assert {name for name in production.all("Volume") if name.rpartition("-")[2] in PURPOSES} == {
        f"prod-{purpose}" for purpose in PURPOSES
    }


PURPOSES = ("data", "logs", "redis", "postgres")


def test_the_plan_names_no_path_of_this_machine_for_the_build(plain: Any) -> None:
    (build,) = [image["build"] for image in plain.all("RemoteImage").values() if "build" in image]

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


@pytest.mark.parametrize(
    ("volume", "image"),
    [("exai-mcp-server-secrets", "image"), ("edge-secrets", "haproxy"), ("door-haproxy", "haproxy")],
)
def test_what_fills_a_volume_is_there_before_the_volume(containers: Any, volume: str, image: str) -> None:
    """A hook that waited for it would wait for ever: Pulumi records nothing that ends while a hook runs."""
    assert f"prod-{image}" in containers.after("Volume", f"prod-{volume}")
