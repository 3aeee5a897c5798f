"""Each component by itself, under mocks: what it declares on either engine, and what it hands on."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app import contract
from infra.service import HARDENED

Declare = Callable[..., Any]
PLAN = "not generated yet"
NAMESPACE = "exai-mcp-server"
SECRETS = {
    "authToken": "a-token-of-some-length",
    "stateKey": "a-key-of-some-length",
    "postgresPassword": "a-password-of-length",
    "redisPassword": "another-of-length",
}
SCRATCH = "/tmp"  # noqa: S108 - a path in the container


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with just what the components look at."""
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "app").mkdir()
    (folder / "config").mkdir()
    (folder / "config" / "server.toml").write_text("[limits]\n")
    (folder / "Dockerfile").write_text("FROM scratch\n")
    (folder / ".exai").mkdir()
    (folder / ".exai" / "ca.crt").write_text("certificates\n")
    return folder


@pytest.fixture(scope="module")
def production(certified: tuple[str, str]) -> Callable[..., dict[str, str]]:
    """Make the configuration of a production stack."""

    def config(engine: str, **more: object) -> dict[str, str]:
        keys = {"environment": "production", "engine": engine, **SECRETS, **more}
        keys |= {"tlsCertificate": certified[0], "tlsKey": certified[1]}
        return {
            f"{NAMESPACE}:{key}": value if isinstance(value, str) else json.dumps(value)
            for key, value in keys.items()
        }

    return config


def test_the_network_is_named_by_pulumi_and_carries_the_stacks_labels(declare: Declare, root: Path) -> None:
    declared = declare("network", root)

    for name in ("dev-frontend", "dev-backend"):
        inputs = declared.one("Network", name)
        assert "name" not in inputs
        assert inputs["driver"] == "bridge"
        assert {label["label"] for label in inputs["labels"]} == {"exai.stack", "exai.checkout"}


def test_on_a_swarm_networks_span_machines_and_are_encrypted(
    declare: Declare, root: Path, production: Callable[..., dict[str, str]]
) -> None:
    declared = declare("network", root, "prod", production("swarm"))

    for name, internal in (("prod-frontend", False), ("prod-backend", True)):
        inputs = declared.one("Network", name)
        assert (inputs["driver"], inputs["attachable"], inputs["internal"]) == ("overlay", True, internal)
        assert inputs["options"] == {"encrypted": ""}


def test_the_cache_has_no_password_of_the_stack(declare: Declare, root: Path) -> None:
    redis = declare("cache", root).one("Container", "dev-redis")

    assert redis["command"] == list(contract.REDIS_COMMAND)
    assert redis["healthcheck"]["tests"] == list(contract.PROBE_REDIS)
    assert redis["user"] == "999:999"
    assert "envs" not in redis or redis["envs"] == []
    assert {mount["target"]: mount["type"] for mount in redis["mounts"]} == {
        contract.REDIS_DATA_PATH: "volume",
        SCRATCH: "tmpfs",
    }
    assert _mount(redis, SCRATCH)["tmpfsOptions"] == {"sizeBytes": 16 << 20, "mode": 0o1777}
    assert "exai.secrets" not in {label["label"] for label in redis["labels"]}


def test_the_database_has_a_password_that_nobody_knows(declare: Declare, root: Path) -> None:
    postgres = declare("database", root).one("Container", "dev-postgres")

    assert f"POSTGRES_PASSWORD_FILE={contract.NOBODYS_PASSWORD}" in postgres["envs"]
    assert postgres["healthcheck"]["tests"] == list(contract.PROBE_POSTGRES)
    assert _mount(postgres, contract.POSTGRES_DATA_PATH)["source"] == "dev-postgres"
    assert postgres["shmSize"] == 128
    assert postgres["stopSignal"] == "SIGINT"


def test_the_server_of_development_gets_its_secrets_as_files_and_holds_the_port(
    declare: Declare, root: Path
) -> None:
    declared = declare("server", root, "dev", {f"{NAMESPACE}:publishedPort": "9001"})
    server = declared.one("Container", "dev-exai-mcp-server")

    assert {entry for entry in server["envs"] if "_FILE=" in entry} == {
        "AUTH_TOKEN_FILE=/run/secrets/auth_token",
        "STATE_KEY_FILE=/run/secrets/state_key",
        "DATABASE_URL_FILE=/run/secrets/database_url",
        "REDIS_URL_FILE=/run/secrets/redis_url",
    }
    assert server["healthcheck"]["tests"] == list(contract.PROBE_SERVER)
    assert server["healthcheck"]["interval"] == f"{contract.PROBE_INTERVAL_SECONDS}s"
    assert server["user"] == "1000:1000"
    assert server["stopTimeout"] == server["destroyGraceSeconds"] == contract.STOP_GRACE_SECONDS
    assert server["ports"] == [{"ip": "127.0.0.1", "external": 9001, "internal": contract.PORT}]
    assert _mount(server, "/run/secrets/auth_token")["type"] == "bind"


def test_a_container_carries_a_digest_of_its_secrets_and_a_preview_has_none_yet(
    declare: Declare, root: Path
) -> None:
    server = declare("server", root).one("Container", "dev-exai-mcp-server")

    labels = {label["label"]: label["value"] for label in server["labels"]}
    assert labels["exai.secrets"].startswith(PLAN)
    assert (labels["exai.stack"], labels["exai.service"]) == ("dev", "exai-mcp-server")
    assert not (root / ".exai" / "secrets").exists()


def test_replicas_in_containers_have_no_name_no_port_no_alias_and_no_path_of_the_host(
    declare: Declare, root: Path, production: Callable[..., dict[str, str]]
) -> None:
    declared = declare("server", root, "prod", production("containers", replicas=3))
    replicas = {
        name: inputs for name, inputs in declared.all("Container").items() if "exai-mcp-server" in name
    }

    assert set(replicas) == {f"prod-exai-mcp-server-{number}" for number in (1, 2, 3)}
    for inputs in replicas.values():
        assert "name" not in inputs
        assert "ports" not in inputs
        assert all("aliases" not in network for network in inputs["networksAdvanced"])
        assert {mount["type"] for mount in inputs["mounts"]} == {"volume", "tmpfs"}
        secrets = _mount(inputs, contract.SECRETS_PATH)
        assert secrets["source"] == "prod-exai-mcp-server-secrets"
        assert secrets["readOnly"] is True
        assert _mount(inputs, contract.CONFIG_PATH)["source"] == "prod-exai-mcp-server-config"
        assert "TRUSTED_PROXIES=10.9.0.0/24" in inputs["envs"]
        assert "PUBLIC_URL=https://localhost:8079" in inputs["envs"]


def test_a_volume_of_files_is_known_by_its_content_and_shows_none_of_it(
    declare: Declare, root: Path, production: Callable[..., dict[str, str]]
) -> None:
    first = declare("server", root, "prod", production("containers"))
    second = declare("server", root, "prod", production("containers", authToken="another-token-of-length"))

    volumes = [one.one("Volume", "prod-exai-mcp-server-secrets") for one in (first, second)]
    digests = [{label["label"]: label["value"] for label in one["labels"]}["exai.content"] for one in volumes]
    assert digests[0] != digests[1]
    assert all("name" not in one for one in volumes)
    assert not any(secret in json.dumps(volumes) for secret in SECRETS.values())


def test_a_service_replaces_its_tasks_one_by_one_and_goes_back_when_one_fails(
    declare: Declare, root: Path, production: Callable[..., dict[str, str]]
) -> None:
    declared = declare("server", root, "prod", production("swarm", replicas=3, monitor=60))
    service = declared.one("Service", "prod-exai-mcp-server")
    container = service["taskSpec"]["containerSpec"]

    assert service["name"] == "prod-exai-mcp-server"
    assert service["mode"] == {"replicated": {"replicas": 3}}
    assert service["endpointSpec"] == {"mode": "dnsrr"}
    assert "convergeConfig" not in service
    for config in ("updateConfig", "rollbackConfig"):
        assert (service[config]["order"], service[config]["parallelism"]) == ("start-first", 1)
        assert service[config]["monitor"] == "1m"
    assert service["updateConfig"]["failureAction"] == "rollback"
    assert container["commands"] == [*HARDENED, *contract.SERVER_COMMAND]
    assert container["stopGracePeriod"] == "2m30s"
    assert container["healthcheck"]["retries"] == contract.SERVICE_PROBE_RETRIES
    assert container["env"]["TRUSTED_PROXIES"] == "10.9.0.0/24"
    assert service["taskSpec"]["placement"].get("constraints", []) == []


def test_secrets_and_configuration_of_a_service_are_swarms_own(
    declare: Declare, root: Path, production: Callable[..., dict[str, str]]
) -> None:
    declared = declare("server", root, "prod", production("swarm", stateKeyPrevious="the-key-before-this"))
    container = declared.one("Service", "prod-exai-mcp-server")["taskSpec"]["containerSpec"]

    secrets = {secret["fileName"]: secret for secret in container["secrets"]}
    assert set(secrets) == {
        f"/run/secrets/{name}"
        for name in ("auth_token", "state_key", "state_key_previous", "database_url", "redis_url")
    }
    assert {(one["fileUid"], one["fileGid"], one["fileMode"]) for one in secrets.values()} == {
        ("1000", "1000", 0o400)
    }
    assert all("name" not in inputs for inputs in declared.all("Secret").values())
    (config,) = container["configs"]
    assert config["fileName"] == "/app/config/server.toml"
    (made,) = declared.all("ServiceConfig").values()
    assert base64.b64decode(made["data"]) == b"[limits]\n"


def test_the_server_goes_through_a_proxy_and_trusts_the_authorities_it_is_given(
    declare: Declare, root: Path, production: Callable[..., dict[str, str]]
) -> None:
    (root / "config" / "ca.crt").write_text("the bundle")
    proxies = json.dumps({"HTTPS_PROXY": "http://proxy.example.com:3128", "NO_PROXY": "internal"})

    declared = declare("server", root, "prod", production("swarm", variables=proxies))

    container = declared.one("Service", "prod-exai-mcp-server")["taskSpec"]["containerSpec"]
    assert container["env"]["HTTPS_PROXY"] == "http://proxy.example.com:3128"
    assert container["env"]["NO_PROXY"] == "internal"
    assert container["env"]["SSL_CERT_FILE"] == "/app/config/ca.crt"
    assert {config["fileName"] for config in container["configs"]} == {
        "/app/config/server.toml",
        "/app/config/ca.crt",
    }


@pytest.mark.parametrize(("part", "service"), [("cache", "redis"), ("database", "postgres")])
def test_a_store_on_a_swarm_stays_on_the_machine_of_its_volume(
    declare: Declare, root: Path, production: Callable[..., dict[str, str]], part: str, service: str
) -> None:
    store = declare(part, root, "prod", production("swarm")).one("Service", f"prod-{service}")
    task = store["taskSpec"]

    assert task["placement"]["constraints"] == ["node.id==the-node"]
    assert store["updateConfig"]["order"] == "stop-first"
    assert store["mode"] == {"replicated": {"replicas": 1}}
    assert task["containerSpec"]["commands"][: len(HARDENED)] == list(HARDENED)
    assert task["networksAdvanceds"] == [{"id": "prod-backend-id", "aliases": [service]}]


def test_shared_memory_on_a_swarm_is_a_mount(
    declare: Declare, root: Path, production: Callable[..., dict[str, str]]
) -> None:
    postgres = declare("database", root, "prod", production("swarm")).one("Service", "prod-postgres")

    mounts = postgres["taskSpec"]["containerSpec"]["mounts"]
    (shared,) = [mount for mount in mounts if mount["target"] == "/dev/shm"]  # noqa: S108 - in the container
    assert shared == {"type": "tmpfs", "target": "/dev/shm", "tmpfsOptions": {"sizeBytes": 128 << 20}}  # noqa: S108 - in the container


@pytest.mark.parametrize("engine", ["swarm", "containers"])
def test_external_stores_are_only_their_urls(
    declare: Declare, root: Path, production: Callable[..., dict[str, str]], engine: str
) -> None:
    config = production(
        engine,
        external=["postgres", "redis"],
        databaseUrl="postgresql://u:p@db.example.com/x",
        redisUrl="rediss://:p@cache.example.com:6380/0",
    )
    config = {key: text for key, text in config.items() if not key.endswith("Password")}

    declared = declare("server", root, "prod", config)

    kinds = {**declared.all("Container"), **declared.all("Service")}
    assert all("exai-mcp-server" in name for name in kinds)
    assert set(declared.all("Volume")) & {"prod-redis", "prod-postgres"} == set()
    if engine == "swarm":
        url = _sealed(declared.one("Secret", "prod-exai-mcp-server-database-url")["data"])
        assert url == "postgresql://u:p@db.example.com/x"


def test_the_edge_is_two_balancers_and_one_door_that_alone_is_published(
    declare: Declare, root: Path, production: Callable[..., dict[str, str]]
) -> None:
    declared = declare("edge", root, "prod", production("swarm", publishedPort=443))
    edge, door = declared.one("Service", "prod-edge"), declared.one("Service", "prod-door")

    assert edge["mode"] == {"replicated": {"replicas": 2}}
    assert edge["endpointSpec"] == {"mode": "dnsrr"}
    assert edge["updateConfig"]["order"] == "start-first"
    assert edge["taskSpec"]["containerSpec"]["stopSignal"] == "SIGUSR1"
    assert edge["taskSpec"]["containerSpec"]["stopGracePeriod"] == "1h"
    assert door["mode"] == {"global": True}
    assert door["endpointSpec"]["ports"] == [
        {"targetPort": 8079, "publishedPort": 443, "publishMode": "host", "protocol": "tcp"}
    ]
    assert door["updateConfig"]["order"] == "stop-first"
    assert door["taskSpec"]["containerSpec"]["secrets"] == []
    for service in (edge, door):
        container = service["taskSpec"]["containerSpec"]
        assert container["user"] == "99:99"
        assert container["healthcheck"]["tests"] == list(contract.PROBE_EDGE)
        assert [one["id"] for one in service["taskSpec"]["networksAdvanceds"]] == ["prod-frontend-id"]


def test_the_edges_file_is_the_chain_and_its_key(
    declare: Declare, root: Path, production: Callable[..., dict[str, str]], certified: tuple[str, str]
) -> None:
    declared = declare("edge", root, "prod", production("swarm"))

    text = _sealed(declared.one("Secret", "prod-edge-tls")["data"])
    assert text == f"{certified[0].strip()}\n{certified[1].strip()}\n"


def test_development_has_no_edge(declare: Declare, root: Path) -> None:
    declared = declare("edge", root)

    assert declared.all("Container") == {}
    assert declared.all("RemoteImage") == {}


def test_limits_and_logging_follow_the_settings(declare: Declare, root: Path) -> None:
    config = {
        f"{NAMESPACE}:redis": json.dumps({"memory": 300, "cpus": 1, "cpuReservation": 0.25}),
        f"{NAMESPACE}:logging": json.dumps({"driver": "local", "options": {"max-size": "1m"}}),
        f"{NAMESPACE}:healthyWithin": "7",
    }

    redis = declare("cache", root, "dev", config).one("Container", "dev-redis")

    assert (redis["memory"], redis["memorySwap"]) == (300, 300)
    assert (redis["cpus"], redis["cpuShares"]) == ("1.0", 256)
    assert (redis["logDriver"], redis["logOpts"]) == ("local", {"max-size": "1m"})
    assert redis["waitTimeout"] == 7


def test_the_server_image_is_tagged_by_its_content_and_takes_the_authorities(
    declare: Declare, root: Path
) -> None:
    image = declare("server_image", root).one("RemoteImage", "dev-image")

    digest = image["triggers"]["context"]
    assert image["name"] == f"exai-mcp-server:dev-{digest[:12]}"
    assert image["keepLocally"] is True
    assert image["build"]["buildArgs"] == {"PYTHON_IMAGE": "python:x", "EXTRAS": ""}
    assert image["build"]["secrets"] == [{"id": "ca", "src": "../.exai/ca.crt"}]
    assert image["build"]["target"] == "production"
    assert image["build"]["label"]["exai.stack"] == "dev"


def test_an_image_that_is_there_already_is_taken_by_its_digest_and_not_built(
    declare: Declare, root: Path, production: Callable[..., dict[str, str]]
) -> None:
    reference = f"registry.example.com/exai-mcp-server@sha256:{'a' * 64}"
    declared = declare("server_image", root, "prod", production("swarm", image=reference))

    assert declared.one("RemoteImage", "prod-image") == {"name": reference, "keepLocally": True}
    assert declared.all("RegistryImage") == {}


def test_what_is_built_is_pushed_where_a_registry_is_set(
    declare: Declare, root: Path, production: Callable[..., dict[str, str]]
) -> None:
    declared = declare("server_image", root, "prod", production("swarm", registry="127.0.0.1:5000/team"))
    built, pushed = declared.one("RemoteImage", "prod-image"), declared.one("RegistryImage", "prod-pushed")

    assert built["name"].startswith("127.0.0.1:5000/team/exai-mcp-server:prod-")
    assert pushed["name"] == built["name"]
    assert pushed["keepRemotely"] is True
    assert pushed["authConfig"]["address"] == "http://127.0.0.1:5000"


def test_a_registry_that_the_provider_logs_in_to_gets_no_login_of_ours(
    declare: Declare, root: Path, production: Callable[..., dict[str, str]]
) -> None:
    config = production("swarm", registry="registry.example.com/team")
    config["docker:registryAuth"] = json.dumps([{"address": "registry.example.com"}])

    pushed = declare("server_image", root, "prod", config).one("RegistryImage", "prod-pushed")

    assert "authConfig" not in pushed


def test_an_official_image_stays_on_the_engine(declare: Declare, root: Path) -> None:
    assert declare("cache", root).one("RemoteImage", "dev-redis") == {"name": "redis:x", "keepLocally": True}


def _sealed(data: dict[str, str]) -> str:
    """Decode what Swarm gets, which must reach the state encrypted: as a wrapper with a mark, not as text."""
    return base64.b64decode(data["value"]).decode()


def _mount(container: dict[str, Any], target: str) -> dict[str, Any]:
    (found,) = [mount for mount in container["mounts"] if mount["target"] == target]
    mount: dict[str, Any] = found
    return mount
