"""Plans of stacks with observability through the real CLI and the policy pack, compared with compose."""

import re
from collections.abc import Callable
from subprocess import CompletedProcess
from typing import Any

import pytest
import yaml

from app import contract
from infra.observability import GRAFANA_ENVIRONMENT, GRAFANA_FILES, PROMETHEUS_FILES
from tests import sources
from tests.e2e.checkout import Checkout
from tests.preview.conftest import digest
from tests.sources import ROOT, Facts

pytestmark = pytest.mark.pulumi

Preview = Callable[..., "CompletedProcess[str]"]
DATA = {"prometheus": contract.PROMETHEUS_DATA_PATH, "grafana": contract.GRAFANA_DATA_PATH}
NAMES = ("prometheus", "grafana")
BASES = {
    "watched-dev": ("dev", {}),
    "watched-swarm": ("prod", {}),
    "watched-plain": ("prod", {"engine": "containers"}),
}


@pytest.fixture(scope="module")
def plans(checkout: Checkout) -> dict[str, dict[str, Any]]:
    """The plans of the committed stacks, and of production on plain containers, with observability."""
    found = {}
    for name, (base, more) in BASES.items():
        config = yaml.safe_load((checkout.root / f"Pulumi.{base}.yaml").read_text())["config"]
        settings = {"observability": True, **more}
        config |= {f"exai-mcp-server:{key}": value for key, value in settings.items()}
        (checkout.root / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump({"config": config}))
        done = checkout.verb("preview", name, "--json", DOCKER_HOST="ssh://ci@localhost")
        assert done.returncode == 0, done.stdout
        found[name] = digest(done)
    return found


@pytest.fixture(params=BASES)
def stack(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def planned(plans: dict[str, dict[str, Any]], stack: str) -> dict[str, Facts]:
    return dict(sources.of_stack(stack, plans[stack]["changes"]))


def test_a_plan_with_it_keeps_every_rule(plans: dict[str, dict[str, Any]], stack: str) -> None:
    plan = plans[stack]

    assert (plan["verdict"], plan["violations"], plan["errors"]) == ("ok", [], [])


def test_a_stack_runs_what_compose_runs(planned: dict[str, Facts]) -> None:
    written = sources.compose("observability")

    assert set(written) == set(NAMES)
    for name in NAMES:
        for fact in (
            "memory",
            "reservation",
            "cpus",
            "user",
            "probe",
            "log",
            "hardened",
            "stop_seconds",
            "ports",
        ):
            assert getattr(planned[name], fact) == getattr(written[name], fact), (name, fact)
        assert DATA[name] in planned[name].volumes & written[name].volumes
        assert not planned[name].swarm


def test_both_get_the_command_and_the_variables_of_compose(planned: dict[str, Facts]) -> None:
    services = sources.services("observability")
    shell = services["prometheus"]["entrypoint"][-1]

    assert planned["prometheus"].command == contract.PROMETHEUS_COMMAND
    assert re.fullmatch(r".*; exec (prometheus .*)", shell)[1].split() == list(contract.PROMETHEUS_COMMAND)  # type: ignore[index]  # must fail without
    assert planned["grafana"].environment == services["grafana"]["environment"] == GRAFANA_ENVIRONMENT


@pytest.mark.parametrize(("service", "files"), [("prometheus", PROMETHEUS_FILES), ("grafana", GRAFANA_FILES)])
def test_the_files_are_those_that_compose_mounts(service: str, files: dict[str, str]) -> None:
    mounts = [
        mount for mount in sources.services("observability")[service]["volumes"] if mount["type"] == "bind"
    ]
    mounted = {}
    for mount in mounts:
        source = ROOT / mount["source"]
        for file in [source] if source.is_file() else [path for path in source.rglob("*") if path.is_file()]:
            below = "" if file == source else f"/{file.relative_to(source)}"
            mounted[f"{mount['target']}{below}"] = str(file.relative_to(ROOT / "observability"))

    assert mounted == files


def test_volumes_are_retained_and_in_production_protected(
    plans: dict[str, dict[str, Any]], stack: str
) -> None:
    names = {f"{stack}-{service}" for service in NAMES}
    volumes = [
        change for change in plans[stack]["changes"] if change["kind"] == "volume" and change["name"] in names
    ]

    assert len(volumes) == len(NAMES)
    assert all(volume["retained"] for volume in volumes)
    assert all(volume["protected"] == (stack != "watched-dev") for volume in volumes)


def test_images_are_those_of_the_contract(plans: dict[str, dict[str, Any]], stack: str) -> None:
    images = {image.partition("@")[0] for image in sources.images(plans[stack]["changes"])}

    assert set(contract.OBSERVABILITY_IMAGES.values()) <= images


def test_a_grafana_that_the_world_could_reach_is_refused(checkout: Checkout) -> None:
    config = yaml.safe_load((checkout.root / "Pulumi.prod.yaml").read_text())["config"]
    config["exai-mcp-server:observability"] = True
    (checkout.root / "Pulumi.open.yaml").write_text(yaml.safe_dump({"config": config}))

    with checkout.edited("infra/observability.py", "contract.GRAFANA_PORT, LOOPBACK)", "3000, '0.0.0.0')"):
        done = checkout.verb("preview", "open", "--json", DOCKER_HOST="ssh://ci@localhost")

    assert done.returncode == 1
    (told,) = digest(done)["errors"]
    assert (
        "open-grafana publishes 3000 on every address of the host, and only the edge may be reached so"
        in told
    )


def test_a_second_plan_differs_from_one_without_it_by_creates_alone(
    preview: Preview, plans: dict[str, dict[str, Any]]
) -> None:
    def names(plan: dict[str, Any], stack: str) -> set[str]:
        return {f"{change['kind']} {change['name']}".replace(stack, "x") for change in plan["changes"]}

    without = names(digest(preview("prod", "--json")), "prod")
    with_it = names(plans["watched-swarm"], "watched-swarm")

    assert without < with_it
    assert with_it - without == {
        *(f"{kind} x-{name}" for kind in ("container", "volume", "remote image") for name in NAMES),
        *(f"volume x-prometheus-{name}" for name in ("prometheus", "secrets")),
        *(f"volume x-grafana-{name}" for name in ("datasources", "dashboards", "boards")),
        "network x-grafana",
    }
