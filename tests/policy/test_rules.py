"""The rules one by one, on inputs as Pulumi writes them."""

from typing import Any

import pytest

from app.settings.variables import VARIABLES
from policy import secrets
from policy.inputs import UNKNOWN, Resource
from policy.rules import RULES, broken
from policy.walls import EDGE
from policy.workloads import CONTAINER, SERVICE

BY_NAME = {rule.name: rule for rule in RULES}
VOLUME = "docker:index/volume:Volume"


def _said(rule: str, inputs: dict[str, Any], kind: str = CONTAINER, **more: Any) -> list[str]:
    return broken(BY_NAME[rule], Resource(kind, "one", inputs, **more))


def _spec(**inputs: Any) -> dict[str, Any]:
    return {"taskSpec": {"containerSpec": inputs}}


def test_names_are_unique_and_every_rule_is_described() -> None:
    assert len(BY_NAME) == len(RULES)
    assert all(rule.description.endswith(".") for rule in RULES)


@pytest.mark.parametrize("kind", [CONTAINER, SERVICE])
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_what_only_the_update_will_know_is_not_judged_before(rule: Any, kind: str) -> None:
    names = ("image", "memory", "cpus", "ports", "envs", "mounts", "taskSpec", "endpointSpec", "readOnly")
    more = ("healthcheck", "logDriver", "user", "capabilities", "securityOpts", "networksAdvanced")

    assert broken(rule, Resource(kind, "one", dict.fromkeys((*names, *more), UNKNOWN))) == []


def test_an_item_that_is_not_known_yet_does_not_hide_the_one_beside_it() -> None:
    assert len(_said("secret-in-environment", {"envs": [UNKNOWN, "AUTH_TOKEN=x"]})) == 1
    assert len(_said("host-path", {"mounts": [{"type": "volume", "source": UNKNOWN}, _bind("/srv")]})) == 1
    assert len(_said("host-namespace", {"pidMode": "host", "networksAdvanced": [{"name": UNKNOWN}]})) == 1


def test_other_resources_are_none_of_their_business() -> None:
    network = Resource("docker:index/network:Network", "one", {})

    assert [sentence for rule in RULES for sentence in broken(rule, network)] == []


def _bind(source: str, target: str = "/inside") -> dict[str, str]:
    return {"type": "bind", "source": source, "target": target}


@pytest.mark.parametrize(
    "source",
    ["/var/run/docker.sock", "/run/docker.sock", "/run", "/var/run/", "/", "/run/containerd/containerd.sock"],
)
def test_the_engine_is_reached_through_its_socket_and_every_folder_around_it(source: str) -> None:
    assert len(_said("engine-socket", {"mounts": [_bind(source)]})) == 1
    assert len(_said("engine-socket", {"volumes": [{"hostPath": source, "containerPath": "/x"}]})) == 1
    assert len(_said("engine-socket", _spec(mounts=[_bind(source)]), SERVICE)) == 1
    assert _said("engine-socket", {"mounts": [{**_bind(source), "type": "volume"}]}) == []


@pytest.mark.parametrize("address", ["127.0.0.1", "127.3.2.1", "::1", "localhost"])
def test_loopback_may_be_published(address: str) -> None:
    assert _said("loopback-only", {"ports": [{"external": 1, "ip": address}]}) == []


@pytest.mark.parametrize("address", ["", "0.0.0.0", "::", "192.168.1.4", "a name"])  # noqa: S104 - what is refused
def test_other_addresses_are_for_the_edge(address: str) -> None:
    port = {"ports": [{"external": 1, "ip": address}]}

    assert len(_said("loopback-only", port)) == 1
    assert _said("loopback-only", port, within=EDGE) == []


def test_a_service_that_publishes_is_the_edge_or_wrong() -> None:
    port = {"endpointSpec": {"ports": [{"publishedPort": 8079, "publishMode": "host"}]}}

    assert len(_said("loopback-only", port, SERVICE)) == 1
    assert _said("loopback-only", port, SERVICE, within=EDGE) == []


@pytest.mark.parametrize(
    ("image", "passes"),
    [
        (f"sha256:{'a' * 64}", True),
        (f"registry.example:5000/team/name@sha256:{'a' * 64}", True),
        (f"name:tag@sha256:{'a' * 64}", True),
        ("name@sha256:abc", False),
        ("name:tag", False),
        ("name", False),
        ("", False),
    ],
)
def test_an_image_is_named_by_its_content(image: str, passes: bool) -> None:
    assert (_said("image-by-content", {"image": image}) == []) is passes
    assert (_said("image-by-content", _spec(image=image), SERVICE) == []) is passes


@pytest.mark.parametrize(
    ("inputs", "passes"),
    [
        ({"logDriver": "json-file", "logOpts": {"max-size": "10m"}}, True),
        ({"logDriver": "json-file", "logOpts": {"max-file": "3"}}, False),
        ({"logDriver": "json-file"}, False),
        ({"logDriver": "local"}, True),
        ({"logDriver": "syslog"}, True),
        ({}, False),
    ],
)
def test_a_log_on_the_host_is_bounded(inputs: dict[str, Any], passes: bool) -> None:
    assert (_said("log-limit", inputs) == []) is passes


def test_what_ends_by_itself_needs_no_probe() -> None:
    assert _said("health-check", {"mustRun": False}) == []
    assert len(_said("health-check", {"mustRun": True})) == 1


def test_a_cpu_quota_is_a_limit_too() -> None:
    assert _said("cpu-limit", {"cpuQuota": 50_000}) == []


@pytest.mark.parametrize(
    ("inputs", "protect", "passes"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"driverOpts": {"type": "tmpfs"}}, False, True),
        ({"labels": [{"label": "exai.content", "value": "secrets"}]}, False, True),
        ({"labels": [{"label": "exai.stack", "value": "prod"}]}, False, False),
    ],
)
def test_a_volume_is_protected_unless_nothing_in_it_could_be_lost(
    inputs: dict[str, Any],
    protect: bool,
    passes: bool,
) -> None:
    assert (_said("protected-volume", inputs, VOLUME, protect=protect) == []) is passes


def test_a_service_gives_up_new_privileges_by_its_command() -> None:
    assert len(_said("new-privileges", _spec(commands=["redis-server"]), SERVICE)) == 1
    assert _said("new-privileges", _spec(commands=["setpriv", "--no-new-privs", "--", "x"]), SERVICE) == []


def test_confinement_is_not_turned_off() -> None:
    options = ["no-new-privileges:true", "seccomp=unconfined", "label:disable"]

    assert len(_said("new-privileges", {"securityOpts": options})) == 2


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda variable: variable.name)
def test_the_servers_secrets_are_known_by_their_names_and_nothing_else_is_taken_for_one(
    variable: Any,
) -> None:
    value = variable.default or "anything"

    assert secrets.is_secret(variable.name, value) is variable.secret
    assert not secrets.is_secret(variable.file_name, f"/run/secrets/{variable.field}")
    assert not secrets.is_secret(variable.name, "")


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://exai:hunter2@postgres:5432/exai",
        "redis://:hunter2@redis:6379/0",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.x",  # pragma: allowlist secret
        "sk-abcdefghijklmnopqrstuvwx",  # pragma: allowlist secret
        "AKIAABCDEFGHIJKLMNOP",  # pragma: allowlist secret
    ],
)
def test_a_secret_is_known_by_its_form_under_any_name(text: str) -> None:
    assert secrets.is_secret("HARMLESS", text)
    assert len(_said("secret-in-environment", {"command": ["run", text]})) == 1


@pytest.mark.parametrize(
    "text",
    ["https://api.moonshot.ai/v1", "redis://redis:6379/0", "postgresql://exai@postgres/exai", "skim-milk"],
)
def test_ordinary_values_are_no_secrets(text: str) -> None:
    assert not secrets.carries_one(text)
