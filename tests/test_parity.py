"""The contract is written once: every file that repeats a fact of it is compared, and both stacks' plans.

The facts are those of `app/contract.py` and `app/settings/variables.py`; `tests/sources.py` reads the others.
"""

import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from app import contract
from app.settings.variables import VARIABLES, Variable
from scripts.stack.differences import UNKNOWN
from tests import sources
from tests.sources import ROOT, Facts

README = (ROOT / "README.md").read_text()
EXAMPLE = (ROOT / ".env.docker.example").read_text()
SERVICES = (contract.NAME, contract.REDIS_SERVICE, contract.POSTGRES_SERVICE)
BY_NAME = {variable.name: variable for variable in VARIABLES}
OF_THE_IMAGE = {"WS_HOST", "WS_PORT", "DATA_DIR", "LOG_DIR", "CONFIG_DIR"}
"""What the image sets, and compose therefore does not."""
OF_THE_SYSTEM = set(contract.PROXY_VARIABLES)
"""What whoever calls the vendors reads itself."""
OF_THE_STORES = {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD", "REDIS_PASSWORD"}
PROBE_TIMES = (
    contract.PROBE_INTERVAL_SECONDS,
    contract.PROBE_TIMEOUT_SECONDS,
    contract.PROBE_START_PERIOD_SECONDS,
    contract.PROBE_RETRIES,
)
USERS = {
    contract.NAME: f"{contract.USER_ID}:{contract.GROUP_ID}",
    contract.REDIS_SERVICE: f"{contract.STORE_USER_ID}:{contract.STORE_USER_ID}",
    contract.POSTGRES_SERVICE: f"{contract.STORE_USER_ID}:{contract.STORE_USER_ID}",
}
PROBES = {
    contract.NAME: contract.PROBE_SERVER,
    contract.REDIS_SERVICE: contract.PROBE_REDIS,
    contract.POSTGRES_SERVICE: contract.PROBE_POSTGRES,
}
VOLUMES = {
    contract.NAME: {contract.DATA_PATH, contract.LOG_PATH},
    contract.REDIS_SERVICE: {contract.REDIS_DATA_PATH},
    contract.POSTGRES_SERVICE: {contract.POSTGRES_DATA_PATH},
}

Sources = Mapping[str, Mapping[str, Facts]]
Plans = Mapping[str, list[Mapping[str, Any]]]


@pytest.fixture(scope="module")
def compose() -> Mapping[str, Facts]:
    return sources.compose()


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> Plans:
    return {name: sources.plan(name, tmp_path_factory.mktemp(name)) for name in ("dev", "prod")}


@pytest.fixture(scope="module")
def stacks(plans: Plans) -> Sources:
    return {name: sources.of_stack(name, changes) for name, changes in plans.items()}


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# --- compose ----------------------------------------------------------------------------------------------


def test_compose_has_the_services_of_the_contract(compose: Mapping[str, Facts]) -> None:
    assert set(compose) == set(SERVICES)


def test_compose_takes_the_default_images() -> None:
    text = (ROOT / "docker-compose.yml").read_text()

    for name in ("redis", "postgres"):
        assert f"image: ${{{name.upper()}_IMAGE:-{contract.IMAGES[name]}}}" in text
    assert f'PYTHON_IMAGE: "${{PYTHON_IMAGE:-{contract.IMAGES["python"]}}}"' in text


def test_the_observability_profile_takes_the_images_of_the_contract() -> None:
    images = {name: service["image"] for name, service in sources.services("observability").items()}

    assert images == {
        name: f"${{{name.upper()}_IMAGE:-{image}}}" for name, image in contract.OBSERVABILITY_IMAGES.items()
    }


def test_compose_publishes_the_port_on_loopback_only(compose: Mapping[str, Facts]) -> None:
    published = {name: facts.ports for name, facts in compose.items()}

    assert published.pop(contract.NAME) == {("127.0.0.1", contract.PORT)}
    assert set(published.values()) == {frozenset()}


def test_compose_is_what_the_contract_says(compose: Mapping[str, Facts], service: str) -> None:
    facts = compose[service]

    # The server's user and probe are the image's own.
    assert facts.user == (None if service == contract.NAME else USERS[service])
    assert facts.probe == (None if service == contract.NAME else PROBES[service])
    assert facts.probe_times == (None if service == contract.NAME else PROBE_TIMES)
    assert facts.volumes == VOLUMES[service]
    assert facts.log == (
        contract.LOG_DRIVER,
        {"max-size": contract.LOG_MAX_SIZE, "max-file": str(contract.LOG_MAX_FILES)},
    )


def test_compose_starts_redis_as_the_contract_says(compose: Mapping[str, Facts]) -> None:
    assert compose[contract.REDIS_SERVICE].command == contract.REDIS_COMMAND


def test_compose_bounds_the_server_as_the_contract_says(compose: Mapping[str, Facts]) -> None:
    server = compose[contract.NAME]

    assert (server.memory, server.reservation, server.cpus) == (
        contract.SERVER_MEMORY_MIB,
        contract.SERVER_MEMORY_RESERVATION_MIB,
        contract.SERVER_CPUS,
    )
    assert server.stop_seconds == contract.STOP_GRACE_SECONDS


def test_compose_passes_on_every_variable_that_the_image_does_not_set() -> None:
    passed = set(sources.services(None)[contract.NAME]["environment"])
    ours = {variable.name for variable in VARIABLES} - OF_THE_IMAGE

    assert passed == ours | OF_THE_SYSTEM


# --- stacks: the plans of the real CLI --------------------------------------------------------------------


@pytest.mark.pulumi
@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_stack_is_what_compose_is(
    stacks: Sources, compose: Mapping[str, Facts], stack: str, service: str
) -> None:
    planned, written = stacks[stack][service], compose[service]

    for fact in ("memory", "reservation", "cpus", "volumes", "scratch", "log", "hardened"):
        assert getattr(planned, fact) == getattr(written, fact), fact


@pytest.mark.pulumi
@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_stack_probes_and_runs_as_the_contract_says(stacks: Sources, stack: str, service: str) -> None:
    planned = stacks[stack][service]

    assert planned.probe == PROBES[service]
    # Swarm's tasks get a longer fuse.
    retries = contract.SERVICE_PROBE_RETRIES if planned.swarm else contract.PROBE_RETRIES
    assert planned.probe_times == (*PROBE_TIMES[:-1], retries)
    assert planned.user == USERS[service]


@pytest.mark.pulumi
def test_production_stops_when_compose_does(
    stacks: Sources, compose: Mapping[str, Facts], service: str
) -> None:
    assert stacks["prod"][service].stop_seconds == compose[service].stop_seconds


@pytest.mark.pulumi
@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_stack_publishes_one_port_and_development_on_loopback(stacks: Sources, stack: str) -> None:
    published = {port for facts in stacks[stack].values() for port in facts.ports}

    assert {inside for _, inside in published} == {contract.PORT}
    if stack == "dev":
        assert published == {("127.0.0.1", contract.PORT)}


@pytest.mark.pulumi
@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_stack_sets_only_variables_that_the_server_reads_and_secrets_as_files(
    stacks: Sources, stack: str
) -> None:
    for name, text in stacks[stack][contract.NAME].environment.items():
        variable = BY_NAME[name.removesuffix("_FILE")]
        assert name.endswith("_FILE") is variable.secret
        assert variable.secret or text == UNKNOWN or variable.fault(text) is None
        assert not variable.secret or text.startswith(f"{contract.SECRETS_PATH}/")


@pytest.mark.pulumi
@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_stack_takes_the_images_of_the_contract(plans: Plans, stack: str) -> None:
    official = sources.images(plans[stack])

    assert {contract.IMAGES["redis"], contract.IMAGES["postgres"]} <= _without_digests(official)
    assert _without_digests(official) <= set(contract.IMAGES.values())
    builds = [change["inputs"]["build"] for change in plans[stack] if "build" in change["inputs"]]
    assert [build["buildArgs"]["PYTHON_IMAGE"].partition("@")[0] for build in builds] == [
        contract.IMAGES["python"]
    ]


def _without_digests(images: frozenset[str]) -> set[str]:
    return {image.partition("@")[0] for image in images}


# --- Dockerfile -------------------------------------------------------------------------------------------


def test_the_dockerfile_probes_as_the_contract_says() -> None:
    (probe,) = sources.instruction("HEALTHCHECK")
    options = dict(re.findall(r"--([a-z-]+)=(\S+)", probe))
    command = probe[probe.index("CMD") + len("CMD") :].strip()
    times = [sources.seconds(options[name]) for name in ("interval", "timeout", "start-period")]

    assert ["CMD", *json.loads(command)] == list(contract.PROBE_SERVER)
    assert (*times, int(options["retries"])) == PROBE_TIMES


def test_the_dockerfile_has_the_user_port_and_base_of_the_contract() -> None:
    arguments = dict(line.partition("=")[::2] for line in sources.instruction("ARG"))

    assert sources.instruction("USER")[-1] == USERS[contract.NAME]
    assert sources.instruction("EXPOSE") == [str(contract.PORT)]
    assert arguments["PYTHON_IMAGE"] == contract.IMAGES["python"]


def test_the_image_environment_has_the_paths_of_the_contract() -> None:
    pairs = (shlex.split(line) for line in sources.instruction("ENV"))
    environment = dict(pair.partition("=")[::2] for line in pairs for pair in line)

    assert environment["DATA_DIR"] == contract.DATA_PATH
    assert environment["LOG_DIR"] == contract.LOG_PATH
    assert environment["CONFIG_DIR"] == contract.CONFIG_PATH
    assert {name for name in environment if name in BY_NAME} == OF_THE_IMAGE - {"WS_PORT"}


# --- settings and pages -----------------------------------------------------------------------------------


def _same(variable: Variable, one: str, other: str) -> bool:
    """Whether two texts mean the same: 4194304 is 4MiB."""
    return bool(variable.parse(one) == variable.parse(other))


def test_compose_has_the_defaults_of_the_settings(compose: Mapping[str, Facts]) -> None:
    for name, text in compose[contract.NAME].environment.items():
        variable = BY_NAME[name]
        if (written := re.fullmatch(r"\$\{\w+:-([^{}$]+)\}", text)) and variable.default:
            assert _same(variable, written[1], variable.default), name


def test_the_example_environment_has_the_defaults_of_the_settings() -> None:
    for name, text in re.findall(r"^#?([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE):
        if text and name in BY_NAME:
            assert _same(BY_NAME[name], text, BY_NAME[name].default or ""), name


def test_the_page_lists_every_variable_with_its_default_and_meaning() -> None:
    page = (ROOT / "docs" / "variables.md").read_text()
    rows = re.findall(r"^\| `([A-Z_]+)`(, \*secret\*)? \| (.+) \| (.+) \|$", page, re.MULTILINE)

    assert rows == [
        (
            variable.name,
            ", *secret*" if variable.secret else "",
            (f"`{variable.default}`" if variable.default else "none")
            + (f" (production `{variable.production}`)" if variable.production else ""),
            variable.help,
        )
        for variable in VARIABLES
    ]


LIMITS = (ROOT / "docs" / "limits.md").read_text()


@pytest.mark.parametrize(
    ("row", "fact", "unit"),
    [("memory", "memory", 1), ("memory reservation", "reservation", 1), ("CPU", "cpus", 1)],
)
def test_the_page_of_limits_has_the_limits_of_compose(
    compose: Mapping[str, Facts], row: str, fact: str, unit: float
) -> None:
    (cells,) = re.findall(rf"^\| {row} \| ([^|]+) \| ([^|]+) \| ([^|]+) \|", LIMITS, re.MULTILINE)
    sizes = {"GiB": 1024.0, "MiB": 1.0}

    def value(cell: str) -> float:
        number, _, word = cell.strip().partition(" ")
        return float(number) * sizes.get(word, unit)

    assert [value(cell) for cell in cells] == [getattr(compose[name], fact) for name in SERVICES]


def test_the_page_of_limits_has_the_times_to_stop_of_compose(compose: Mapping[str, Facts]) -> None:
    (cells,) = re.findall(r"^\| time to stop \| ([^|]+) \| ([^|]+) \| ([^|]+) \|", LIMITS, re.MULTILINE)

    assert [float(cell.split()[0]) for cell in cells] == [compose[name].stop_seconds for name in SERVICES]


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", ".env.docker.example", "docs/clients.md"])
def test_pages_name_no_other_port(page: str) -> None:
    ports = set(re.findall(r"127\.0\.0\.1:(\d+)", (ROOT / page).read_text()))

    assert ports <= {str(contract.PORT)}


PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.name))
def test_every_verb_that_a_page_names_exists(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    verbs = set(re.findall(r"(?:^|[`(])make (?:-s )?([a-z0-9-]+)", page.read_text(), re.MULTILINE))

    assert [verb for verb in sorted(verbs) if not re.search(rf"^{verb}:", makefile, re.MULTILINE)] == []
