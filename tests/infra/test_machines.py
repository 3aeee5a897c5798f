"""What is refused on a Swarm before anything is created."""

import pytest

from infra import cluster, machines
from infra.cluster import Membership, Node, Service
from infra.engine import EngineError
from infra.settings import Settings
from infra.site import CHECKOUT_LABEL, STACK_LABEL, Site, volumes_label

HERE = "here"
GIB = 1 << 30


def _node(name: str = HERE, *, ready: bool = True, cpus: float = 4, labels: tuple[str, ...] = ()) -> Node:
    return Node(name, f"{name}.example.com", ready, cpus, 8 * GIB, dict.fromkeys(labels, "true"))


def _service(site: Site, name: str, *, ours: bool = True, home: str | None = None) -> Service:
    labels = {STACK_LABEL: site.prefix, CHECKOUT_LABEL: site.checkout} if ours else {}
    spec = {"Placement": {"Constraints": [f"node.id=={home}"]}} if home else {}
    return Service(name, name, labels, 1, spec, None, "", "")


def _settings(**more: object) -> Settings:
    return Settings.model_validate({"environment": "production", **more})


@pytest.fixture(autouse=True)
def swarm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "membership", lambda: Membership(HERE, manages=True, nodes=1))
    monkeypatch.setattr(cluster, "nodes", lambda: [_node()])
    monkeypatch.setattr(cluster, "services", list)


def test_a_manager_with_room_will_do(site: Site) -> None:
    assert machines.manager(site, _settings()) == HERE


@pytest.mark.parametrize(
    ("membership", "sentence"),
    [
        (
            Membership("", manages=False, nodes=0),
            "is in no Swarm, and the stack dev runs on Swarm: run `make swarm-init`",
        ),
        (
            Membership("x", manages=False, nodes=0),
            "is in a Swarm that others manage, .*: set DOCKER_HOST to a manager's",
        ),
    ],
)
def test_an_engine_that_manages_no_swarm_is_refused_with_what_to_do(
    site: Site, monkeypatch: pytest.MonkeyPatch, membership: Membership, sentence: str
) -> None:
    monkeypatch.setattr(cluster, "membership", lambda: membership)

    with pytest.raises(EngineError, match=sentence) as caught:
        machines.manager(site, _settings())

    assert "`exai-mcp-server:engine: containers` under `config:` in Pulumi.dev.yaml" in str(caught.value)


def test_several_machines_need_an_image_that_all_can_pull(site: Site) -> None:
    both = [_node(), _node("there")]

    with pytest.raises(EngineError, match=r"This Swarm has 2 machines, .* set `exai-mcp-server:registry`"):
        machines.check_images(site, both, _settings())
    machines.check_images(site, both, _settings(registry="registry.example.com"))
    machines.check_images(site, both, _settings(image=f"r.example.com/x@sha256:{'a' * 64}"))


def test_reservations_that_leave_no_room_for_a_new_replica_are_refused(site: Site) -> None:
    machines.check_room(site, [_node(cpus=2)], _settings())

    with pytest.raises(
        EngineError, match=r"needs 2\.45 cores .* has 2: lower `exai-mcp-server:server\.cpuRes"
    ):
        machines.check_room(site, [_node(cpus=2)], _settings(replicas=3))


def test_the_house_policy_fits_on_two_cores_and_four_gibibytes(site: Site) -> None:
    small = Node(HERE, HERE, True, 2.0, 4 * GIB, {})

    machines.check_room(site, [small], _settings())


def test_the_name_of_somebody_elses_service_is_refused(site: Site) -> None:
    with pytest.raises(EngineError, match="A service named dev-redis is there already"):
        machines.check_names(site, [_service(site, "dev-redis", ours=False)])
    machines.check_names(site, [_service(site, "dev-redis"), _service(site, "other", ours=False)])


def test_volumes_on_another_machine_are_not_begun_anew_here(site: Site) -> None:
    nodes = [_node(), _node("there", labels=(volumes_label(site),))]

    with pytest.raises(
        EngineError, match=r"are on the machine there\.example\.com, .*: set DOCKER_HOST to that"
    ):
        machines.check_volumes(site, HERE, nodes, [])


def test_a_machine_that_is_down_is_named_with_what_to_do(site: Site) -> None:
    nodes = [_node(), _node("there", ready=False)]

    with pytest.raises(
        EngineError, match=r"there\.example\.com, which is down: bring it back; or, .* restore"
    ):
        machines.check_volumes(site, HERE, nodes, [_service(site, "dev-postgres", home="there")])


def test_a_machine_that_has_left_is_remembered_by_the_services_that_wait_for_it(site: Site) -> None:
    with pytest.raises(EngineError, match="the machine there, which has left this Swarm"):
        machines.check_volumes(site, HERE, [_node()], [_service(site, "dev-postgres", home="there")])


def test_volumes_that_are_here_pass(site: Site) -> None:
    here = [_node(labels=(volumes_label(site),))]

    machines.check_volumes(site, HERE, here, [_service(site, "dev-postgres", home=HERE)])
