"""Each component by itself, under mocks: what it declares, and what it hands on."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app import contract
from tests.infra.declaring import IMAGE_ID

Declare = Callable[..., Any]
PLAN = "not generated yet"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with just what the components look at."""
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "app").mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\n")
    (folder / ".exai").mkdir()
    (folder / ".exai" / "ca.crt").write_text("certificates\n")
    return folder


def test_the_network_is_named_by_pulumi_and_carries_the_stacks_labels(declare: Declare, root: Path) -> None:
    declared = declare("network", root)

    for name in ("dev-frontend", "dev-backend"):
        inputs = declared.one("Network", name)
        assert "name" not in inputs
        assert {label["label"] for label in inputs["labels"]} == {"exai.stack", "exai.checkout"}
    assert declared.outputs == {"frontend": "dev-frontend", "backend": "dev-backend"}


def test_the_cache_keeps_its_password_off_the_command_line(declare: Declare, root: Path) -> None:
    declared = declare("cache", root)
    redis = declared.one("Container", "dev-redis")

    assert redis["command"] == list(contract.REDIS_COMMAND)
    assert redis["healthcheck"]["tests"] == list(contract.PROBE_REDIS)
    assert redis["user"] == "999:999"
    assert _mount(redis, contract.REDIS_DATA_PATH) == {
        "type": "volume",
        "source": "dev-redis",
        "target": contract.REDIS_DATA_PATH,
    }
    assert _mount(redis, "/run/secrets/redis_password")["readOnly"] is True
    scratch = "/tmp"  # noqa: S108 - a path in the container
    assert _mount(redis, scratch)["tmpfsOptions"] == {"sizeBytes": 16 << 20, "mode": 0o1777}
    assert declared.outputs == {"address": "redis:6379"}


def test_the_database_reads_its_password_from_a_file(declare: Declare, root: Path) -> None:
    declared = declare("database", root)
    postgres = declared.one("Container", "dev-postgres")

    assert "POSTGRES_PASSWORD_FILE=/run/secrets/postgres_password" in postgres["envs"]
    assert postgres["healthcheck"]["tests"] == list(contract.PROBE_POSTGRES)
    assert _mount(postgres, contract.POSTGRES_DATA_PATH)["source"] == "dev-postgres"
    assert postgres["shmSize"] == 128
    assert declared.outputs == {"address": "postgres:5432"}


def test_the_server_gets_its_secrets_as_files_and_says_where_it_is(declare: Declare, root: Path) -> None:
    declared = declare("server", root, "dev", {"exai-mcp-server:publishedPort": "9001"})
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
    assert declared.outputs["url"] == "http://127.0.0.1:9001/mcp"
    assert declared.outputs["websocket_url"] == "ws://127.0.0.1:9001/mcp"
    assert declared.outputs["container"] == "dev-exai-mcp-server"
    assert declared.outputs["answered"].endswith("answered")


def test_limits_and_logging_follow_the_settings(declare: Declare, root: Path) -> None:
    config = {
        "exai-mcp-server:redis": json.dumps({"memory": 300, "cpus": 1, "cpuReservation": 0.25}),
        "exai-mcp-server:logging": json.dumps({"driver": "local", "options": {"max-size": "1m"}}),
        "exai-mcp-server:healthyWithin": "7",
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
    assert image["build"]["buildArgs"] == {"PYTHON_IMAGE": "python:x"}
    assert image["build"]["secrets"] == [{"id": "ca", "src": "../.exai/ca.crt"}]
    assert image["build"]["target"] == "production"
    assert image["build"]["label"]["exai.stack"] == "dev"


def test_an_official_image_stays_on_the_engine(declare: Declare, root: Path) -> None:
    declared = declare("official_image", root)

    assert declared.one("RemoteImage", "dev-redis") == {"name": "redis:x", "keepLocally": True}
    assert declared.outputs == {"id": IMAGE_ID}


def test_a_container_carries_a_digest_of_its_secrets_and_a_preview_has_none_yet(
    declare: Declare, root: Path
) -> None:
    redis = declare("cache", root).one("Container", "dev-redis")

    labels = {label["label"]: label["value"] for label in redis["labels"]}
    assert labels["exai.secrets"] == PLAN
    assert labels["exai.stack"] == "dev"
    assert not (root / ".exai" / "secrets").exists()


def _mount(container: dict[str, Any], target: str) -> dict[str, Any]:
    (found,) = [mount for mount in container["mounts"] if mount["target"] == target]
    mount: dict[str, Any] = found
    return mount
