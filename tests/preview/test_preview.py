"""Plans through the real CLI, without an engine, without a passphrase and without secrets."""

import json
import re
from collections import Counter
from collections.abc import Callable
from subprocess import CompletedProcess

import pytest
import yaml

from tests.e2e.checkout import Checkout
from tests.preview.conftest import digest

pytestmark = pytest.mark.pulumi

Preview = Callable[..., "CompletedProcess[str]"]


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
    plan = digest(done)
    kinds = Counter(change["kind"] for change in plan["changes"])
    count = len(plan["changes"])
    assert plan["summary"] == {"delete": 0, "replace": 0, "update": 0, "create": count, "unchanged": 0}
    assert (kinds["volume"], kinds["network"]) == (4, 2)
    assert kinds["container"] + kinds["service"] >= 3
    assert file.read_bytes() == before
    assert not (checkout.root / ".exai" / "secrets").exists()


def test_the_same_plan_gives_the_same_digest(preview: Preview, checkout: Checkout, stack: str) -> None:
    again = checkout.verb("preview", stack, "--json", DOCKER_HOST="unix:///nowhere/docker.sock")

    assert preview(stack, "--json").stdout == again.stdout


def test_the_plan_is_readable(preview: Preview, stack: str) -> None:
    done = preview(stack)

    assert done.returncode == 0, done.stdout
    assert re.search(
        rf"^{stack}: \d+ to create \(of a stack that nobody has created yet\)$", done.stdout, re.MULTILINE
    )
    for service in ("exai-mcp-server", "redis", "postgres"):
        assert re.search(rf"^  create    (container|service) +{stack}-{service}$", done.stdout, re.MULTILINE)


def test_production_protects_its_volumes_and_development_keeps_them_on_the_engine(
    preview: Preview, stack: str
) -> None:
    plan = digest(preview(stack, "--json"))

    volumes = [change for change in plan["changes"] if change["kind"] == "volume"]
    assert len(volumes) == 4
    assert all(volume["retained"] for volume in volumes)
    assert [volume["protected"] for volume in volumes] == [stack == "prod"] * 4


def test_production_mounts_no_path_of_the_host(preview: Preview) -> None:
    plan = digest(preview("prod", "--json"))

    parts = [change for change in plan["changes"] if change["kind"] in {"container", "service"}]
    assert parts
    assert '"type": "bind"' not in json.dumps(parts)


def test_a_rule_that_a_stack_breaks_fails_its_plan(preview: Preview, checkout: Checkout) -> None:
    config = {"exai-mcp-server:environment": "production", "exai-mcp-server:protect": False}
    (checkout.root / "Pulumi.unprotected.yaml").write_text(yaml.safe_dump({"config": config}))

    done = preview("unprotected", "--json")

    assert done.returncode == 1
    (told,) = digest(done)["errors"]
    assert told.startswith("This stack breaks its rules, so nothing was changed:\n")
    assert "The volume unprotected-data is not protected, so that one edit can delete the data in it" in told


def test_a_rule_that_the_program_does_not_see_fails_the_plan_through_the_pack(
    preview: Preview, checkout: Checkout
) -> None:
    with checkout.edited("infra/__main__.py", "guard.judge()", ""):
        config = {"exai-mcp-server:environment": "production", "exai-mcp-server:protect": False}
        (checkout.root / "Pulumi.unguarded.yaml").write_text(yaml.safe_dump({"config": config}))

        done = preview("unguarded", "--json")

    assert done.returncode == 1
    plan = digest(done)
    assert plan["verdict"] == "refused"
    assert len(plan["violations"]) == 4
    assert plan["violations"][0].startswith("The volume unguarded-")


def test_pulumis_own_view_of_every_attribute_is_a_flag_away(preview: Preview) -> None:
    done = preview("dev", "--diff")

    assert done.returncode == 0, done.stdout
    assert "+ docker:index/container:Container: (create)" in done.stdout
    assert "exai|local" in done.stdout, "the policy pack was not asked"


def test_an_encrypted_secret_is_a_placeholder_in_the_plan_of_a_stack_nobody_has_created(
    preview: Preview, checkout: Checkout
) -> None:
    document = yaml.safe_load((checkout.root / "Pulumi.prod.yaml").read_text())
    document["encryptionsalt"] = "v1:AAAA:v1:BBBB:CCCC"
    document["config"]["other:token"] = {"secure": "v1:AAAA:BBBB"}
    (checkout.root / "Pulumi.sealed.yaml").write_text(yaml.safe_dump(document))

    done = preview("sealed")

    assert done.returncode == 0, done.stdout
    assert re.search(r"^sealed: \d+ to create ", done.stdout, re.MULTILINE)


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
