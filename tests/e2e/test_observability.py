"""Stacks with a real Prometheus: it reads every replica with a token that only it can read, on either engine.

Grafana is the real one where GRAFANA_IMAGE names it or the engine has it. Elsewhere `tests/e2e/grafana` is in
its place, which shows that files, port, volume and network are as Grafana needs them, and nothing of Grafana.
"""

import hashlib
import json
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml

from app import contract
from scripts.bootstrap import images
from scripts.bootstrap.machine import Machine
from tests import private_engine
from tests.e2e.checkout import ROOT, Checkout, Stack, docker, free_port
from tests.e2e.production import Production
from tests.private_engine import PrivateEngine

pytestmark = [pytest.mark.engine, pytest.mark.pulumi]

PROMETHEUS = contract.OBSERVABILITY_IMAGES["prometheus"]
GRAFANA = contract.OBSERVABILITY_IMAGES["grafana"]
STAND_IN = "exai-test-grafana:latest"
SCRAPED_SECONDS = 90
"""Names are resolved and replicas asked every 15 s."""
CHANGED = re.compile(r"\d+ (created|updated|replaced|deleted)")
OBSERVERS = {"prometheus": "65534:65534", "grafana": "472:472"}
REPLICAS = 2
SIGNED = "prometheus"
"""The client of the stack whose Prometheus has a token of its own."""


class Watched:
    """A stack with observability: how to ask what it runs from where its ports are."""

    def __init__(self, stack: Stack, port: int, inside: tuple[str, ...], replicas: int, token: str) -> None:
        self.stack = stack
        self.own_token = isinstance(stack, Production) and token != stack.token
        self.port = port
        self.replicas = replicas
        self.token = token
        self._inside = inside

    def fetch(self, url: str) -> str:
        """Ask from the machine of the engine."""
        script = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=10).read().decode())"
        done = subprocess.run(
            [*self._inside, sys.executable, "-c", script, url], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def ask(self, path: str, **parameters: str) -> Any:
        """Ask Prometheus itself, in its container: it has no port outside."""
        url = f"http://127.0.0.1:{contract.PROMETHEUS_PORT}/api/v1/{path}?{urlencode(parameters)}"
        name = self.stack.container("prometheus")
        return json.loads(self.stack.docker("exec", name, "wget", "-q", "-O", "-", url))["data"]

    def until(self, expression: str, count: int) -> list[str]:
        """Ask until so many series have a value, and return the values: nothing tells of a scrape."""
        deadline = time.monotonic() + SCRAPED_SECONDS
        while len(found := self.ask("query", query=expression)["result"]) != count:
            assert time.monotonic() < deadline, f"{expression}: {found}, {self.ask('targets')}"
            time.sleep(0.5)
        return [one["value"][1] for one in found]


def _images(host: str | None) -> str:
    """Make sure that an engine has both images and return the name of Grafana's."""
    where = ["--host", host] if host else []

    def there(image: str, *engine: str) -> bool:
        asked = ["docker", *engine, "image", "inspect", image]
        return subprocess.run(asked, capture_output=True, check=False).returncode == 0

    if not there(PROMETHEUS):
        pulled = subprocess.run(["docker", "pull", PROMETHEUS], capture_output=True, check=False)
        if pulled.returncode:
            images.supply(Machine.this(), ROOT, ["prometheus"])
    wanted = os.environ.get("GRAFANA_IMAGE") or GRAFANA
    if there(wanted, *where):
        return wanted
    folder = Path(__file__).parent / "grafana"
    base = os.environ.get("PYTHON_IMAGE") or contract.IMAGES["python"]
    docker(
        "build", "--quiet", "--tag", STAND_IN, "--build-arg", f"PYTHON_IMAGE={base}", str(folder), host=host
    )
    return STAND_IN


def _development(checkout: Checkout) -> Iterator[Watched]:
    port = free_port()
    grafana = _images(None)
    stack = Stack(checkout, observability=True, grafanaPort=port, images={"grafana": grafana})
    try:
        yield Watched(stack, port, (), 1, "")
    finally:
        stack.remove()


def _production(checkout: Checkout, private: PrivateEngine, engine: str) -> Iterator[Watched]:
    _images(None)
    private.load(PROMETHEUS)
    grafana = _images(private.host)
    stack = Production(
        checkout,
        private,
        engine,
        observability=True,
        grafanaPort=contract.GRAFANA_PORT,
        replicas=REPLICAS,
        images={"grafana": grafana},
    )
    try:
        stack.set_secrets()
        token = stack.token
        if engine == "swarm":
            assert stack.verb("swarm-init").returncode == 0
        else:
            token = secrets.token_hex(16)
            digest = hashlib.sha256(token.encode()).hexdigest()
            (checkout.root / "config" / "server.toml").write_text(
                f'[clients.{SIGNED}]\ntoken_sha256 = "{digest}"\ntools = ["status"]\n'
            )
            stack.secret("metricsToken", token)
        yield Watched(stack, contract.GRAFANA_PORT, tuple(private.inside), REPLICAS, token)
    finally:
        stack.verb("destroy")
        if engine == "swarm":
            stack.docker("swarm", "leave", "--force")


@pytest.fixture(
    scope="module", params=["development", "swarm", pytest.param("containers", marks=pytest.mark.long)]
)
def watched(request: pytest.FixtureRequest) -> Iterator[Watched]:
    if request.param == "development":
        yield from _development(request.getfixturevalue("checkout"))
        return
    if reason := private_engine.missing():
        pytest.skip(reason)
    checkout, private = (request.getfixturevalue(name) for name in ("private_checkout", "private"))
    yield from _production(checkout, private, request.param)


@pytest.fixture(scope="module")
def first_up(watched: Watched) -> str:
    return watched.stack.up()


@pytest.fixture(autouse=True)
def _it_is_up(first_up: str) -> None:
    """Every test finds the stack up."""


def test_up_says_where_grafana_is(watched: Watched, first_up: str) -> None:
    assert "MCP call answered in" in first_up
    assert f"Grafana    http://127.0.0.1:{watched.port}" in first_up


def test_prometheus_reads_every_replica_with_the_token(watched: Watched) -> None:
    assert watched.until('up{job="exai"} == 1', watched.replicas) == ["1"] * watched.replicas
    assert watched.until("exai_ready == 1", watched.replicas) == ["1"] * watched.replicas
    assert watched.until("exai_build_info", watched.replicas) == ["1"] * watched.replicas


def test_every_alert_is_known_to_prometheus_and_evaluated(watched: Watched) -> None:
    rules = yaml.safe_load((ROOT / "observability/rules/exai.yml").read_text())["groups"]
    known = watched.ask("rules")["groups"]

    assert {group["name"] for group in known} == {group["name"] for group in rules}
    assert sum(len(group["rules"]) for group in known) == sum(len(group["rules"]) for group in rules)


def test_grafanas_place_is_on_loopback_only_and_reaches_prometheus_from_its_provisioning(
    watched: Watched,
) -> None:
    bound = watched.stack.inspect("grafana")["HostConfig"]["PortBindings"]
    query = urlencode({"query": "sum(exai_ready)"})
    proxy = f"http://127.0.0.1:{watched.port}/api/datasources/proxy/uid/prometheus"

    watched.until("exai_ready == 1", watched.replicas)
    said = json.loads(watched.fetch(f"{proxy}/api/v1/query?{query}"))

    assert bound == {f"{contract.GRAFANA_PORT}/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(watched.port)}]}
    assert [one["value"][1] for one in said["data"]["result"]] == [str(watched.replicas)]


def test_both_are_hardened_and_bounded_and_prometheus_is_not_published(watched: Watched) -> None:
    for service, user in OBSERVERS.items():
        shown = watched.stack.inspect(service)
        host = shown["HostConfig"]
        assert shown["Config"]["User"] == user
        assert host["ReadonlyRootfs"] is True
        assert host["CapDrop"] == ["ALL"]
        assert not host["CapAdd"]
        assert "no-new-privileges:true" in host["SecurityOpt"]
        assert host["Memory"] > 0
        assert host["NanoCpus"] > 0
        assert host["PidsLimit"] > 0
        assert host["Init"] is True
        assert shown["State"]["Health"]["Status"] == "healthy"
        if isinstance(watched.stack, Production):
            assert {mount["Type"] for mount in shown["Mounts"]} <= {"volume", "tmpfs"}
    assert not watched.stack.inspect("prometheus")["HostConfig"]["PortBindings"]


def test_only_grafana_has_a_network_besides_that_of_the_stores(watched: Watched) -> None:
    joined = {
        service: {
            re.sub(rf"^{watched.stack.name}-(\w+)-.*", r"\1", name)
            for name in watched.stack.inspect(service)["NetworkSettings"]["Networks"]
        }
        for service in OBSERVERS
    }

    assert joined == {"prometheus": {"backend"}, "grafana": {"grafana", "backend"}}


def test_the_token_is_where_prometheus_alone_reads_it(watched: Watched) -> None:
    name = watched.stack.container("prometheus")
    path = f"{contract.SECRETS_PATH}/{contract.METRICS_TOKEN}"
    token = watched.token or (watched.stack.secrets / "auth_token").read_text()
    state = watched.stack.checkout.root / ".exai" / "state"
    surfaces = [json.dumps(watched.stack.inspect(service)) for service in OBSERVERS]
    surfaces += [watched.stack.docker("logs", watched.stack.container(service)) for service in OBSERVERS]
    surfaces += [watched.stack.docker("top", name), watched.stack.verb("preview", "--json").stdout]
    surfaces += [path.read_bytes().decode(errors="replace") for path in state.rglob("*") if path.is_file()]

    assert watched.stack.docker("exec", name, "cat", path) == token
    if os.geteuid() == 0:
        assert watched.stack.docker("exec", name, "stat", "-c", "%u %a", path).split() == ["65534", "400"]
    assert [said for said in surfaces if token in said] == []


def test_ps_and_logs_know_them(watched: Watched) -> None:
    shown, said = (
        watched.stack.verb("ps").stdout,
        watched.stack.verb("logs", "prometheus", "--no-follow").stdout,
    )

    assert all(watched.stack.container(service) in shown for service in OBSERVERS)
    assert f"{watched.stack.container('prometheus')} | " in said


def test_a_second_up_changes_nothing(watched: Watched) -> None:
    before = watched.stack.ids()

    said = watched.stack.up()

    assert not CHANGED.search(said), said
    assert watched.stack.ids() == before
    assert watched.stack.verb("drift").returncode == 0


def test_it_can_be_turned_off_and_its_volumes_stay(watched: Watched) -> None:
    stack, kept = watched.stack, {f"{watched.stack.name}-{service}" for service in OBSERVERS}
    for key in ("observability", "grafanaPort", *(["metricsToken"] if watched.own_token else [])):
        stack.unset(key)
    if isinstance(stack, Production):
        assert "LOSE_VOLUMES" in stack.refused()
        meant = {"LOSE_VOLUMES": ",".join(sorted(kept))}
        told = re.findall(r"`pulumi state unprotect '([^']+)'`", stack.verb("up", **meant).stdout)
        assert len(told) == len(kept)
        for urn in told:
            stack.pulumi("state", "unprotect", "--yes", urn)
        done = stack.verb("up", **meant)
        assert done.returncode == 0, done.stdout
    else:
        stack.up()

    assert not kept & set(stack.ids())
    assert kept <= set(stack.volumes())
