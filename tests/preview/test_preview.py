"""Plans through the real CLI, without an engine, without a passphrase and without secrets."""

import json
from collections import Counter
from collections.abc import Callable
from subprocess import CompletedProcess

import pytest
import yaml

from tests.e2e.checkout import Checkout

pytestmark = pytest.mark.pulumi

Preview = Callable[..., "CompletedProcess[str]"]


PARTS = {
    "dev": {"Container": 3, "Volume": 4, "RemoteImage": 3},
    "prod": {"Service": 5, "Volume": 4, "RemoteImage": 4, "Secret": 5, "ServiceConfig": 2},
}
RESOURCES = {"dev": 19, "prod": 29}
"""The resources themselves, and components, networks and the stack."""


@pytest.fixture(params=["dev", "prod"])
def stack(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_stack_nobody_has_created_previews_as_creates(
    preview: Preview, checkout: Checkout, stack: str
) -> None:
    file = checkout.root / f"Pulumi.{stack}.yaml"
    before = file.read_bytes()

    done = preview(stack, "--json")

    assert done.returncode == 0, done.stdout
    plan = json.loads(done.stdout)
    kinds = Counter(step["urn"].split("::")[2].rpartition(":")[2] for step in plan["steps"])
    assert plan["changeSummary"] == {"create": RESOURCES[stack]}
    assert {kind: kinds[kind] for kind in PARTS[stack]} == PARTS[stack]
    assert file.read_bytes() == before
    assert not (checkout.root / ".exai" / "secrets").exists()


def test_the_plan_is_readable(preview: Preview, stack: str) -> None:
    done = preview(stack)

    assert done.returncode == 0, done.stdout
    for service in ("exai-mcp-server", "redis", "postgres"):
        assert f"{stack}-{service} create" in done.stdout
    assert f"+ {RESOURCES[stack]} to create" in done.stdout


def test_a_plan_of_production_says_what_an_update_will_need(preview: Preview) -> None:
    done = preview("prod")

    assert "`up` will be refused: `exai-mcp-server:authToken` is not set" in done.stdout


def test_production_protects_its_volumes_and_development_keeps_them_on_the_engine(
    preview: Preview, stack: str
) -> None:
    plan = json.loads(preview(stack, "--json").stdout)

    volumes = [
        step["newState"] for step in plan["steps"] if step["newState"]["type"] == "docker:index/volume:Volume"
    ]
    assert len(volumes) == 4
    assert all(volume["retainOnDelete"] for volume in volumes)
    assert [volume.get("protect", False) for volume in volumes] == [stack == "prod"] * 4


def test_a_socket_that_is_not_there_is_no_obstacle(preview: Preview) -> None:
    done = preview("dev", DOCKER_HOST="unix:///nowhere/docker.sock")

    assert done.returncode == 0, done.stdout
    assert f"+ {RESOURCES['dev']} to create" in done.stdout


def test_an_encrypted_secret_is_a_placeholder_in_the_plan_of_a_stack_nobody_has_created(
    preview: Preview, checkout: Checkout
) -> None:
    document = yaml.safe_load((checkout.root / "Pulumi.prod.yaml").read_text())
    document["encryptionsalt"] = "v1:AAAA:v1:BBBB:CCCC"
    document["config"]["other:token"] = {"secure": "v1:AAAA:BBBB"}

    document["config"]["exai-mcp-server:authToken"] = {"secure": "v1:AAAA:BBBB"}
    (checkout.root / "Pulumi.sealed.yaml").write_text(yaml.safe_dump(document))

    done = preview("sealed")

    assert done.returncode == 0, done.stdout
    assert f"+ {RESOURCES['prod']} to create" in done.stdout
    assert "authToken" not in done.stdout


def test_wrong_settings_fail_the_plan_in_one_message(preview: Preview, checkout: Checkout) -> None:
    config = {"exai-mcp-server:publishPort": 1, "exai-mcp-server:server": {"memory": 100}}
    (checkout.root / "Pulumi.wrong.yaml").write_text(yaml.safe_dump({"config": config}))

    done = preview("wrong")

    assert done.returncode != 0
    assert "`exai-mcp-server:publishPort` is not a setting; did you mean `publishedPort`?" in done.stdout
    below = "is 100 MiB, below `exai-mcp-server:server.memoryReservation` of 512 MiB"
    assert f"`exai-mcp-server:server.memory` {below}" in done.stdout
    assert "Traceback" not in done.stdout


def test_a_name_with_a_dot_is_refused_before_pulumi_is_asked(preview: Preview) -> None:
    done = preview("no.such")

    assert done.returncode == 1
    assert done.stdout.startswith("`no.such` cannot name a stack")
