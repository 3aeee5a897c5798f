"""Prometheus and Grafana in the whole program under mocks: on either engine, and what they change."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app import contract
from infra.observability import GRAFANA_FILES, PROMETHEUS_FILES

ROOT = Path(__file__).resolve().parents[2]
Declare = Callable[..., Any]
ConfigOf = Callable[[str], dict[str, str]]
ON = {"exai-mcp-server:observability": "true"}
PLAIN = {"exai-mcp-server:engine": "containers"}
KINDS = ("Container", "Service", "Volume", "Network", "RemoteImage", "Secret", "ServiceConfig")


@pytest.fixture(scope="module")
def declared(declare: Declare, config_of: ConfigOf) -> Callable[..., Any]:
    """Declare a committed stack with more settings; each once."""
    known: dict[object, Any] = {}

    def run(stack: str, **more: str) -> Any:
        key = (stack, tuple(sorted(more.items())))
        if key not in known:
            known[key] = declare("program", ROOT, stack, {**config_of(stack), **more})
        return known[key]

    return run


@pytest.fixture(params=["dev", "containers", "swarm"])
def pair(request: pytest.FixtureRequest, declared: Callable[..., Any]) -> tuple[str, Any, Any]:
    """A stack's prefix, and what it declares without and with observability."""
    stack, more = ("dev", {}) if request.param == "dev" else ("prod", {})
    if request.param == "containers":
        more = PLAIN
    return stack, declared(stack, **more), declared(stack, **more, **ON)


def _names(stack: str, *services: str) -> set[str]:
    return {f"{stack}-{service}" for service in services}


def test_it_is_two_containers_beside_whatever_runs_the_stack(pair: tuple[str, Any, Any]) -> None:
    stack, off, on = pair

    assert set(on.all("Container")) - set(off.all("Container")) == _names(stack, "prometheus", "grafana")
    assert set(on.all("RemoteImage")) - set(off.all("RemoteImage")) == _names(stack, "prometheus", "grafana")
    assert set(on.all("Network")) - set(off.all("Network")) == _names(stack, "grafana")
    assert _names(stack, "prometheus", "grafana") <= set(on.all("Volume")) - set(off.all("Volume"))


def test_what_ran_before_stays_as_it_is_but_for_a_name_that_replicas_get(pair: tuple[str, Any, Any]) -> None:
    stack, off, on = pair
    for kind in KINDS:
        for name, inputs in off.all(kind).items():
            if stack == "prod" and kind == "Container" and name.startswith("prod-exai-mcp-server-"):
                frontend, backend = on.one(kind, name)["networksAdvanced"]
                assert "aliases" not in frontend
                assert backend["aliases"] == [contract.NAME]
                inputs = {**inputs, "networksAdvanced": [frontend, backend]}
            assert on.one(kind, name) == inputs


def test_without_it_the_program_declares_nothing_of_it(pair: tuple[str, Any, Any]) -> None:
    _, off, _ = pair

    assert off.all("Observability") == {}
    assert [
        name for kind in KINDS for name in off.all(kind) if "grafana" in name or "prometheus" in name
    ] == []


def test_grafana_alone_is_published_and_on_loopback(pair: tuple[str, Any, Any]) -> None:
    stack, _, on = pair

    assert on.one("Container", f"{stack}-grafana")["ports"] == [
        {"ip": "127.0.0.1", "external": contract.GRAFANA_PORT, "internal": contract.GRAFANA_PORT}
    ]
    assert "ports" not in on.one("Container", f"{stack}-prometheus")


def test_prometheus_has_no_way_out_and_grafana_a_network_of_its_own(pair: tuple[str, Any, Any]) -> None:
    stack, _, on = pair

    def joined(service: str) -> list[str]:
        inputs = on.one("Container", f"{stack}-{service}")
        return [network["name"] for network in inputs["networksAdvanced"]]

    assert joined("prometheus") == [f"{stack}-backend"]
    assert joined("grafana") == [f"{stack}-grafana", f"{stack}-backend"]
    assert on.one("Network", f"{stack}-grafana")["driver"] == "bridge"


def test_files_come_from_volumes_that_are_filled_once_the_image_is_there(pair: tuple[str, Any, Any]) -> None:
    stack, _, on = pair
    for service, files in (("prometheus", PROMETHEUS_FILES), ("grafana", GRAFANA_FILES)):
        mounts = on.one("Container", f"{stack}-{service}")["mounts"]
        volumes = {mount["target"]: mount["source"] for mount in mounts if mount.get("readOnly")}
        for place in files:
            volume = volumes[place.rpartition("/")[0]]
            assert f"{stack}-{service}" in on.after("Volume", volume)


def test_only_development_mounts_a_path_of_the_host_and_only_the_token(pair: tuple[str, Any, Any]) -> None:
    stack, _, on = pair
    bound = [
        mount["target"]
        for service in ("prometheus", "grafana")
        for mount in on.one("Container", f"{stack}-{service}")["mounts"]
        if mount["type"] == "bind"
    ]

    assert bound == (["/run/secrets/metrics_token"] if stack == "dev" else [])


def test_a_token_of_prometheus_own_is_taken_before_that_of_the_default_client(
    declared: Callable[..., Any],
) -> None:
    def content(**more: str) -> str:
        labels = declared("prod", **ON, **more).one("Volume", "prod-prometheus-secrets")["labels"]
        return next(str(one["value"]) for one in labels if one["label"] == "exai.content")

    tokens = [
        content(),
        content(**{"exai-mcp-server:authToken": "a" * 32}),
        content(**{"exai-mcp-server:authToken": "a" * 32, "exai-mcp-server:metricsToken": "m" * 32}),
        content(**{"exai-mcp-server:authToken": "b" * 32, "exai-mcp-server:metricsToken": "m" * 32}),
    ]

    assert len({*tokens[:3]}) == 3
    assert tokens[2] == tokens[3]


def test_no_environment_of_either_holds_a_secret_or_asks_for_one(pair: tuple[str, Any, Any]) -> None:
    stack, _, on = pair

    assert on.one("Container", f"{stack}-prometheus").get("envs") in (None, [])
    names = {entry.partition("=")[0] for entry in on.one("Container", f"{stack}-grafana")["envs"]}
    assert not {name for name in names if "PASSWORD" in name or "SECRET_KEY" in name}
