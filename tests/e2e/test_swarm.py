"""A production stack on Docker Swarm through the real CLI, in the order of its life, with clients.

The tests share one stack and build on one another: each leaves it up and healthy.
"""

import asyncio
import base64
import io
import json
import re
import secrets
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.transports.uploads import MAX_FILE_BYTES
from tests.e2e import registry
from tests.e2e.checkout import Checkout
from tests.e2e.faults import FAULTS, outlast
from tests.e2e.load import FULL, Mix
from tests.e2e.production import Production, production
from tests.private_engine import PrivateEngine

pytestmark = [pytest.mark.engine, pytest.mark.pulumi]

SERVICES = ("exai-mcp-server", "redis", "postgres", "edge", "door")
USERS = {"exai-mcp-server": "1000", "redis": "999", "postgres": "999", "edge": "99", "door": "99"}
RESOURCES = 29
CHANGED = re.compile(r"\d+ (created|updated|replaced|deleted)")
LOCK_SECONDS = 60
"""For an update that was started to take its lock."""
EVENTS_SECONDS = 30
"""For the first event of the page's stream, which says something each second at most."""
ANSWERED = "The server is up and has answered an MCP call."
ONE_CALL = Mix(stateless=4, sessions=4, sockets=4)
"""Enough to notice an outage, where the machine is busy with something else."""

UPDATES = 10
ROOMY = {"cpuReservation": 0.1, "memoryReservation": 128}
"""Of a server, so that those that still answer a call of two minutes leave room for those that follow."""


@pytest.fixture(scope="module")
def swarm(private_checkout: Checkout, private: PrivateEngine) -> Iterator[Production]:
    with production(private_checkout, private, "swarm", monitor=5) as stack:
        yield stack


@pytest.fixture(scope="module")
def refusals(swarm: Production) -> dict[str, str]:
    """What is said to somebody who begins: without secrets, then without a Swarm."""
    said = {"no secrets": swarm.refused()}
    swarm.set_secrets()
    said["no swarm"] = swarm.refused()
    return said


@pytest.fixture(scope="module")
def first_up(swarm: Production, refusals: dict[str, str]) -> str:
    assert refusals
    done = swarm.verb("swarm-init")
    assert done.returncode == 0, done.stdout
    return swarm.up()


@pytest.fixture(autouse=True)
def _it_is_up(first_up: str) -> None:
    """Every test finds the stack up."""


def test_what_was_missing_was_said_before_anything_was_made(
    swarm: Production, refusals: dict[str, str]
) -> None:
    for key in ("authToken", "stateKey", "postgresPassword", "redisPassword", "tlsCertificate", "tlsKey"):
        assert f"`exai-mcp-server:{key}` is not set" in refusals["no secrets"]
    assert "is in no Swarm, and the stack" in refusals["no swarm"]
    assert f"run `make swarm-init STACK={swarm.name}`" in refusals["no swarm"]
    assert all("Traceback" not in said and "created" not in said for said in refusals.values())


def test_swarm_init_leaves_a_swarm_as_it_is(swarm: Production) -> None:
    done = swarm.verb("swarm-init")

    assert done.returncode == 0
    assert done.stdout == "This engine manages a Swarm already, of 1 machine.\n"


def test_up_ends_with_a_call_through_the_edge_and_says_how_to_connect(
    swarm: Production, first_up: str
) -> None:
    assert "MCP call answered in" in first_up
    assert ANSWERED in first_up
    assert f"wss://localhost:{swarm.port}/mcp" in first_up
    assert swarm.verb("token").stdout.strip() == swarm.token
    assert {name: len(swarm.running(name)) for name in SERVICES} == {
        "exai-mcp-server": 2,
        "redis": 1,
        "postgres": 1,
        "edge": 2,
        "door": 1,
    }


def test_a_second_up_changes_nothing_and_asks_again(swarm: Production) -> None:
    before = swarm.ids()

    said = swarm.up()

    assert not CHANGED.search(said), said
    assert f"{RESOURCES} unchanged" in said
    assert "MCP call answered in" in said
    assert swarm.ids() == before
    print(re.findall(r"Duration: .*", said))  # noqa: T201 - the figure of this run


def test_ps_and_logs_know_services(swarm: Production) -> None:
    shown, said = swarm.verb("ps").stdout, swarm.verb("logs", "edge", "--no-follow").stdout

    assert all(f"{swarm.name}-{service}" in shown for service in SERVICES)
    assert f"{swarm.name}-edge | " in said


async def test_files_metrics_and_the_page_with_its_events_pass_the_edge(swarm: Production) -> None:
    known, origin = {"Authorization": f"Bearer {swarm.token}"}, {"Origin": "https://localhost"}
    async with swarm.visitor() as http:
        file = io.BytesIO(b"a" * MAX_FILE_BYTES)
        async with http.post("/files?name=large.txt", data=file, headers=known) as response:
            assert response.status == 201, await response.text()
            assert (await response.json())["size"] == MAX_FILE_BYTES
        async with http.get("/metrics") as response:
            assert response.status == 401
        async with http.get("/metrics", headers=known) as response:
            assert response.status == 200
            assert "# HELP" in await response.text()
        async with http.get("/status/events") as response:
            assert response.status == 401
        async with http.post(
            "/status/login", data={"token": swarm.token}, headers=origin, allow_redirects=False
        ) as response:
            assert response.status == 303, await response.text()
        async with http.get("/status/events") as response, asyncio.timeout(EVENTS_SECONDS):
            assert response.content_type == "text/event-stream"
            # Each word comes when it is said: nothing on the way waits for more.
            assert (await response.content.readline()).startswith(b"retry: ")
            await response.content.readuntil(b"data: ")
            # It has no end for TLS to take leave at.
            assert response.connection is not None
            assert response.connection.transport is not None
            response.connection.transport.abort()


def test_what_runs_is_hardened_and_bounded(swarm: Production) -> None:
    for service in SERVICES:
        for container, shown in swarm.running(service).items():
            host = shown["HostConfig"]
            assert shown["Config"]["User"].split(":")[0] == USERS[service]
            assert host["ReadonlyRootfs"] is True
            assert host["CapDrop"] == ["ALL"]
            assert not host["CapAdd"]
            assert host["Privileged"] is False
            assert host["Init"] is True
            assert host["Memory"] > 0
            assert host["NanoCpus"] > 0
            assert host["LogConfig"] == {"Type": "json-file", "Config": {"max-file": "3", "max-size": "10m"}}
            assert {mount["Type"] for mount in shown["Mounts"]} <= {"volume", "tmpfs", "bind"}
            bound = [mount["Source"] for mount in shown["Mounts"] if mount["Type"] == "bind"]
            # What Swarm keeps in memory for secrets and configs, and nothing else of the host.
            assert all(f"/containers/{container}/" in source for source in bound)
            _assert_confined(swarm, container)


def _assert_confined(swarm: Production, container: str) -> None:
    """The main process has no rights, can gain none, and is bounded, as the kernel says."""
    init = swarm.docker("inspect", "--format", "{{.State.Pid}}", container).strip()
    rows = [row.split() for row in swarm.docker("top", container, "-eo", "pid,ppid").splitlines()[1:]]
    # Of init's children the first: a probe that runs just now is a child of the engine's.
    pid = next(pid for pid, parent in rows if parent == init)
    status = dict(
        line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line
    )
    limits = Path(f"/proc/{pid}/limits").read_text()

    assert status["NoNewPrivs"] == "1"
    assert {int(status[name], 16) for name in ("CapEff", "CapPrm", "CapBnd")} == {0}
    assert status["Seccomp"] == "2"
    assert re.search(r"Max core file size +0 +0 ", limits)
    assert re.search(r"Max open files +16384 +16384 ", limits)


def test_secrets_are_in_memory_and_belong_to_their_one_reader(swarm: Production) -> None:
    container = next(iter(swarm.running("exai-mcp-server")))

    listed = swarm.docker("exec", container, "sh", "-c", "stat -c '%a %u %n' /run/secrets/*").splitlines()
    kinds = swarm.docker("exec", container, "sh", "-c", "stat -f -c %T /run/secrets/*").split()

    assert set(listed) == {
        f"400 1000 /run/secrets/{name}" for name in ("auth_token", "state_key", "database_url", "redis_url")
    }
    assert set(kinds) == {"tmpfs"}
    for store in ("redis", "postgres"):
        name = next(iter(swarm.running(store)))
        assert swarm.docker("exec", name, "sh", "-c", "ls -A /run/secrets 2>/dev/null || true") == ""


def test_no_secret_is_anywhere_but_where_it_is_read(swarm: Production, first_up: str) -> None:
    state = swarm.checkout.root / ".exai" / "state"
    surfaces = {str(path): _text(path) for path in state.rglob("*") if path.is_file()}
    surfaces |= {str(path): _text(path) for path in (swarm.private.folder / "data" / "swarm").rglob("*.wal")}
    surfaces |= {str(path): _text(path) for path in swarm.checkout.root.glob("Pulumi*.yaml")}
    for kind in ("service", "secret", "config", "volume", "network"):
        ids = swarm.docker(kind, "ls", "--quiet").split()
        surfaces[f"{kind} inspect"] = swarm.docker("inspect", "--type", kind, *ids)
    for service in SERVICES:
        name = swarm.container(service)
        surfaces[f"logs {service}"] = swarm.verb("logs", service, "--no-follow").stdout
        surfaces[f"tasks {service}"] = swarm.docker(
            "inspect", *swarm.docker("service", "ps", "--quiet", "--no-trunc", name).split()
        )
        for container, shown in swarm.running(service).items():
            surfaces[f"container {container}"] = json.dumps(shown)
            surfaces[f"history {container}"] = swarm.docker("history", "--no-trunc", shown["Image"])
    surfaces["processes"] = swarm.environ_and_command_lines()
    surfaces["plan"] = swarm.verb("preview", "--diff").stdout
    surfaces["json plan"] = swarm.verb("preview", "--json").stdout
    surfaces["output of up"] = first_up

    found = [
        (key, surface)
        for key, text in swarm.secrets_set.items()
        for form in _forms(text.strip())
        for surface, said in surfaces.items()
        if form in said
    ]

    assert len(swarm.secrets_set) == 6
    assert any(path.endswith(".wal") for path in surfaces)
    assert "exai" in surfaces["processes"]
    # The certificate is what everybody gets who connects.
    assert {key for key, _ in found} <= {"tlsCertificate"}


def _text(path: Path) -> str:
    return path.read_bytes().decode(errors="replace")


def _forms(text: str) -> set[str]:
    """The secret raw, encoded and turned round; of a long one, its middle line."""
    middle = max(text.splitlines(), key=len) if "\n" in text else text
    encoded = base64.b64encode(middle.encode()).decode()
    return {middle, encoded, urllib.parse.quote(middle, safe=""), middle[::-1]}


@pytest.mark.long
async def test_a_new_image_reaches_every_client_without_a_lost_call(swarm: Production) -> None:
    before = set(swarm.running("exai-mcp-server"))
    async with swarm.under_load() as load:
        with swarm.checkout.edited("app/version.py", 'VERSION = "', 'VERSION = "1'):
            status, said = await swarm.update()

    assert status == 0, said
    assert load.lost == []
    assert swarm.twice() == []
    assert not before & set(swarm.running("exai-mcp-server"))


@pytest.mark.long
async def test_ten_updates_under_the_full_load_lose_nothing(swarm: Production) -> None:
    swarm.configure(server=ROOMY)
    assert ANSWERED in swarm.up()
    async with swarm.under_load(FULL) as load:
        for number in range(UPDATES):
            with swarm.checkout.edited("app/version.py", 'VERSION = "', f'VERSION = "2{number}'):
                status, said = await swarm.update()
            assert status == 0, said

    assert load.lost == []
    assert swarm.twice() == []


async def test_a_server_that_cannot_work_is_put_back_and_named(swarm: Production) -> None:
    before = set(swarm.running("exai-mcp-server"))
    broken = 'raise SystemExit("the broken build was here")\n'
    async with swarm.under_load(ONE_CALL) as load:
        with swarm.checkout.edited("app/__main__.py", '"""', f'{broken}"""'):
            status, said = await swarm.update()

    assert status != 0
    name = swarm.container("exai-mcp-server")
    assert f"The service {name} was not updated, and what ran before runs on" in said
    assert f"{name} | the broken build was here" in said
    assert "Traceback" not in said
    assert load.lost == []
    assert before & set(swarm.running("exai-mcp-server"))
    assert ANSWERED in swarm.up()
    assert len(swarm.images()) <= 2, "images of earlier updates were left behind"


@pytest.mark.long
async def test_a_server_that_never_becomes_healthy_takes_no_traffic(swarm: Production) -> None:
    async with swarm.under_load(ONE_CALL) as load:
        with swarm.checkout.edited("app/healthcheck.py", "return 1 if problem else 0", "return 1"):
            status, said = await swarm.update()

    assert status != 0
    assert "was not updated, and what ran before runs on" in said
    assert load.lost == []
    assert load.refused == 0
    assert ANSWERED in swarm.up()


async def test_a_wrong_configuration_is_put_back_and_named(swarm: Production) -> None:
    file = swarm.checkout.root / "config" / "server.toml"
    file.write_text("[limits]\nno_such_limit = 1\n")
    try:
        async with swarm.under_load(ONE_CALL) as load:
            status, said = await swarm.update()
    finally:
        file.unlink()

    assert status != 0
    assert "was not updated, and what ran before runs on" in said
    assert "no_such_limit" in said
    assert load.lost == []
    assert load.refused == 0
    assert ANSWERED in swarm.up()


@pytest.mark.long
async def test_a_server_that_cannot_reach_its_store_takes_no_traffic(swarm: Production) -> None:
    there, nowhere = 'f"{contract.POSTGRES_SERVICE}:', 'f"192.0.2.1:'  # RFC 5737: nobody has this address
    async with swarm.under_load(ONE_CALL) as load:
        with swarm.checkout.edited("infra/database.py", there, nowhere):
            status, said = await swarm.update()

    assert status != 0
    assert "was not updated, and what ran before runs on" in said
    assert load.lost == []
    assert load.refused == 0
    assert ANSWERED in swarm.up()


@pytest.mark.long
async def test_passwords_of_the_stores_are_rotated_without_a_lost_call_or_a_restart(
    swarm: Production,
) -> None:
    stores = {name: set(swarm.running(name)) for name in ("redis", "postgres")}
    before = set(swarm.running("exai-mcp-server"))
    async with swarm.under_load() as load:
        swarm.secret("postgresPassword", "an awkward/pass@word:'\\\"")
        swarm.secret("redisPassword", "another/pass@word:'\\\"")
        status, said = await swarm.update()

    assert status == 0, said
    assert load.lost == []
    assert {name: set(swarm.running(name)) for name in stores} == stores
    assert not before & set(swarm.running("exai-mcp-server"))
    assert swarm.twice() == []


@pytest.mark.long
async def test_the_state_key_is_rotated_without_a_session_that_is_not_found(swarm: Production) -> None:
    old, new = swarm.secrets_set["stateKey"], secrets.token_hex(16)
    async with swarm.under_load() as load:
        # First every replica opens both, then every replica seals with the new one.
        for previous, present in ((new, old), (old, new)):
            swarm.secret("stateKeyPrevious", previous)
            swarm.secret("stateKey", present)
            status, said = await swarm.update()
            assert status == 0, said

    assert load.lost == []


@pytest.mark.long
async def test_the_certificate_is_rotated_without_a_lost_call(swarm: Production) -> None:
    servers, edges = set(swarm.running("exai-mcp-server")), set(swarm.running("edge"))
    door = set(swarm.running("door"))
    async with swarm.under_load() as load:
        swarm.certify()
        status, said = await swarm.update()

    assert status == 0, said
    assert load.lost == []
    assert load.refused == 0
    assert set(swarm.running("exai-mcp-server")) == servers
    assert set(swarm.running("door")) == door
    assert len(set(swarm.running("edge")) - edges) == 2


@pytest.mark.long
async def test_a_rotated_token_is_the_only_one_that_opens(swarm: Production) -> None:
    old = swarm.token
    swarm.secret("authToken", secrets.token_hex(16))

    assert ANSWERED in swarm.up()

    assert await swarm.status(swarm.token) == 200
    assert await swarm.status(old) == 401


@pytest.mark.long
async def test_replicas_come_and_go_without_a_lost_call(swarm: Production) -> None:
    swarm.configure(server=ROOMY)
    assert ANSWERED in swarm.up()
    async with swarm.under_load() as load:
        for replicas in (4, 2):
            swarm.configure(replicas=replicas)
            status, said = await swarm.update()
            assert status == 0, said
            assert "1 updated" in said
            assert "replaced" not in said

    assert load.lost == []


@pytest.mark.long
async def test_what_is_built_is_pushed_to_a_registry_and_run_by_its_digest(
    swarm: Production, private: PrivateEngine, tmp_path: Path
) -> None:
    if (command := registry.program()) is None:
        pytest.skip("docker-registry is not on PATH, and Debian's package of it cannot be had")
    form = ("--format", "{{.Spec.TaskTemplate.ContainerSpec.Image}}")
    with registry.running(command, private, tmp_path) as address:
        swarm.configure(registry=f"{address}/team")
        async with swarm.under_load(ONE_CALL) as load:
            status, said = await swarm.update()
        assert status == 0, said
        assert load.lost == []
        image = swarm.docker("service", "inspect", *form, swarm.container("exai-mcp-server")).strip()
        assert re.fullmatch(rf"{address}/team/exai-mcp-server@sha256:[0-9a-f]{{64}}", image)

        # What was tested is what the next stack file names.
        swarm.unset("registry")
        swarm.configure(image=image)
        assert ANSWERED in swarm.up()
        assert swarm.docker("service", "inspect", *form, swarm.container("exai-mcp-server")).strip() == image
        swarm.unset("image")
        assert ANSWERED in swarm.up()


def test_what_somebody_changed_is_drift_that_up_mends(swarm: Production) -> None:
    assert swarm.verb("drift").returncode == 0, swarm.verb("drift").stdout
    swarm.docker("service", "update", "--detach", "--limit-memory", "300m", swarm.container("redis"))

    drift = swarm.verb("drift")

    assert drift.returncode != 0
    assert swarm.container("redis") in drift.stdout
    assert ANSWERED in swarm.up()
    assert swarm.verb("drift").returncode == 0


async def test_of_two_updates_at_once_the_second_is_refused_in_one_sentence(swarm: Production) -> None:
    swarm.configure(logLevel="INFO")
    first = asyncio.create_task(swarm.update())
    async with asyncio.timeout(LOCK_SECONDS):
        while not list((swarm.checkout.root / ".exai" / "state").rglob("locks/**/*.json")):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.05)
    status, said = await swarm.update()
    first_status, first_said = await first

    assert first_status == 0, first_said
    assert status != 0
    assert "Another update of this stack is running: wait for it." in said
    assert "Traceback" not in said


@pytest.mark.long
def test_a_killed_container_is_back_by_itself(swarm: Production) -> None:
    for service in ("redis", "postgres", "exai-mcp-server"):
        container = next(iter(swarm.running(service)))
        swarm.docker("kill", container)

    assert f"{RESOURCES + 1} unchanged" in swarm.up()


@pytest.mark.long
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_that_passes_costs_nothing_that_was_acknowledged(swarm: Production, fault: str) -> None:
    await outlast(swarm, fault)


def test_data_survives_down_and_up(swarm: Production) -> None:
    swarm.sql("CREATE TABLE kept (word text); INSERT INTO kept VALUES ('still here');")

    down = swarm.verb("down")

    assert down.returncode == 0, down.stdout
    assert swarm.docker("service", "ls", "--quiet") == ""
    assert swarm.docker("secret", "ls", "--quiet") == ""
    assert ANSWERED in swarm.up()
    assert swarm.sql("SELECT word FROM kept;") == "still here"


def test_destroy_leaves_nothing(swarm: Production) -> None:
    done = swarm.verb("destroy")

    assert done.returncode == 0, done.stdout
    for kind in ("service", "secret", "config"):
        assert swarm.docker(kind, "ls", "--quiet") == ""
    labelled = ("--quiet", "--filter", f"label=exai.stack={swarm.name}")
    assert swarm.docker("network", "ls", *labelled) == ""
    assert swarm.docker("volume", "ls", *labelled) == ""
    assert swarm.docker("node", "inspect", "self", "--format", "{{.Spec.Labels}}").strip() == "map[]"
    assert swarm.images() == []
