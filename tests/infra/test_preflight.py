"""What is refused before anything is created."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pulumi
import pytest

from infra import engine, preflight
from infra.engine import EngineError, Listed
from infra.settings import Settings
from infra.site import Site


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine on this host, as far as its address tells."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///var/run/docker.sock")


def _listed(
    name: str, site: Site | None = None, *, state: str = "running", ports: frozenset[int] = frozenset()
) -> Listed:
    stack, checkout = (site.prefix, site.checkout) if site else ("", "")
    return Listed("id", name, state, stack, checkout, "", "", ports)


def _at(port: int, **more: object) -> Settings:
    return Settings.model_validate({"publishedPort": port, **more})


@pytest.mark.skipif(not Path("/proc/self/comm").exists(), reason="process names are read from /proc")
@pytest.mark.usefixtures("local")
def test_a_port_that_a_process_holds_is_refused_with_its_name_and_id(site: Site, taken: int) -> None:
    with pytest.raises(EngineError) as caught:
        preflight.check_port(site, _at(taken), [])

    name = Path("/proc/self/comm").read_text().strip()
    assert str(caught.value) == (
        f"Port {taken} is held by the process {name} (pid {os.getpid()}): end "
        f"that, or set `exai-mcp-server:publishedPort: {taken + 1}` under `config:` in Pulumi.dev.yaml."
    )


@pytest.mark.usefixtures("local")
def test_a_port_that_a_container_holds_is_refused_with_its_name(site: Site, taken: int) -> None:
    with pytest.raises(EngineError, match=f"Port {taken} is held by the container web:"):
        preflight.check_port(site, _at(taken), [_listed("web", ports=frozenset({taken}))])


@pytest.mark.usefixtures("local")
def test_a_port_that_our_own_server_holds_is_ours(site: Site, taken: int) -> None:
    assert preflight.check_port(site, _at(taken), [_listed("dev-x", site, ports=frozenset({taken}))]) is None


@pytest.mark.usefixtures("local")
def test_grafanas_port_is_refused_with_its_own_key(site: Site, taken: int) -> None:
    settings = Settings.model_validate({"observability": True, "grafanaPort": taken})

    with pytest.raises(EngineError, match=f"`exai-mcp-server:grafanaPort: {taken + 1}` under `config:`"):
        preflight.check_grafana_port(site, settings, [])


@pytest.mark.parametrize("wanted", [True, False])
@pytest.mark.usefixtures("local", "update")
def test_somebody_elses_grafana_is_in_the_way_only_of_a_stack_that_wants_one(
    site: Site, monkeypatch: pytest.MonkeyPatch, wanted: bool
) -> None:
    monkeypatch.setattr(engine, "containers", lambda: [_listed("dev-grafana")])
    monkeypatch.setattr(engine, "accounts_swap", lambda: True)
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        ports = one.getsockname()[1], other.getsockname()[1]
    more = {"observability": True, "grafanaPort": ports[1]} if wanted else {}

    if wanted:
        with pytest.raises(pulumi.RunError, match="dev-grafana is there already and belongs to something"):
            preflight.survey(site, _at(ports[0], **more))
    else:
        preflight.survey(site, _at(ports[0], **more))


@pytest.mark.usefixtures("local")
def test_a_free_port_passes(site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]

    assert preflight.check_port(site, _at(free), []) is None


def test_another_hosts_ports_are_not_looked_at_from_here(
    site: Site, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://elsewhere:2376")

    assert preflight.check_port(site, _at(taken), []) is None


def test_a_container_of_another_checkout_is_not_touched(site: Site) -> None:
    other = Listed("id", "dev-redis", "running", "dev", "another", "", "", frozenset())

    with pytest.raises(EngineError, match="dev-redis is there already and belongs to another checkout"):
        preflight.check_names(site, [other])


def test_a_container_of_somebody_else_is_not_touched(site: Site) -> None:
    with pytest.raises(EngineError, match="dev-redis is there already and belongs to something else"):
        preflight.check_names(site, [_listed("dev-redis")])


def test_our_own_containers_pass(site: Site) -> None:
    assert preflight.check_names(site, [_listed("dev-redis", site), _listed("other")]) is None


@pytest.mark.usefixtures("preview")
def test_a_preview_needs_no_engine(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")

    assert preflight.survey(site, _at(1)) == preflight.Ground()


@pytest.mark.engine
@pytest.mark.usefixtures("update")
def test_an_update_without_an_engine_is_one_sentence(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")

    with pytest.raises(pulumi.RunError) as caught:
        preflight.survey(site, _at(1))

    assert str(caught.value) == (
        "No Docker engine answers at unix:///nowhere/docker.sock: start Docker, or set DOCKER_HOST to where "
        "it listens."
    )


@pytest.mark.usefixtures("update")
def test_without_docker_the_sentence_says_where_to_get_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(pulumi.RunError, match=r"^The docker command is not on PATH: install Docker"):
        preflight.survey(site, _at(1))


def test_a_refused_socket_is_one_sentence() -> None:
    said = engine.sentence(
        "Got permission denied while trying to connect to the Docker daemon socket at "
        "unix:///var/run/docker.sock: dial unix /var/run/docker.sock: connect: permission denied"
    )

    assert said.startswith("You have no rights to the Docker engine at ")
    assert "usermod -aG docker" in said


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ("127.0.0.1:8079->8079/tcp", {8079}),
        ("0.0.0.0:80->80/tcp, :::80->80/tcp, 443/tcp", {80}),
        ("0.0.0.0:9000-9002->9000-9002/tcp", {9000, 9001, 9002}),
        ("8079/tcp", set()),
        ("", set()),
    ],
)
def test_published_ports_are_read_from_a_listing(shown: str, expected: set[int]) -> None:
    assert engine.listed(f"id\tname\trunning\t\t\t\t\tUp 2 minutes\t{shown}").published == expected


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("unix:///var/run/docker.sock", "127.0.0.1"),
        ("tcp://10.1.2.3:2376", "10.1.2.3"),
        ("ssh://me@engine.example.com", "engine.example.com"),
    ],
)
def test_published_ports_are_where_the_engine_is(
    monkeypatch: pytest.MonkeyPatch, host: str, address: str
) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)

    assert engine.address() == address


@pytest.mark.usefixtures("local")
def test_production_needs_the_port_on_every_address(site: Site, taken: int) -> None:
    with pytest.raises(EngineError, match=f"Port {taken} is held by"):
        preflight.check_port(site, _at(taken, environment="production"), [])


@pytest.mark.parametrize("planning", [True, False])
def test_a_plan_is_made_where_an_update_would_be_refused(
    site: Site, monkeypatch: pytest.MonkeyPatch, planning: bool
) -> None:
    def refuse(_site: Site, _settings: Settings) -> str:
        raise EngineError("This engine is in no Swarm.")

    warned: list[str] = []
    monkeypatch.setattr(pulumi.runtime, "is_dry_run", lambda: planning)
    monkeypatch.setattr(preflight, "answers", lambda: True)
    monkeypatch.setattr(preflight.machines, "manager", refuse)
    monkeypatch.setattr(engine, "containers", list)
    monkeypatch.setattr(pulumi.log, "warn", warned.append)
    settings = _at(8079, environment="production")

    if planning:
        assert preflight.survey(site, settings) == preflight.Ground()
        assert warned == ["`up` will be refused: This engine is in no Swarm."]
    else:
        with pytest.raises(pulumi.RunError, match="This engine is in no Swarm"):
            preflight.survey(site, settings)
