"""A production stack on plain containers behind the edge, with clients; its handover is not Swarm's.

The tests share one stack and build on one another: each leaves it up and healthy.
"""

import re
import secrets
import time
from collections.abc import Iterator

import pytest

from tests.e2e.checkout import Checkout
from tests.e2e.faults import FAULTS, outlast
from tests.e2e.load import FULL, Load, Mix
from tests.e2e.production import Production, production
from tests.private_engine import PrivateEngine

pytestmark = [pytest.mark.engine, pytest.mark.pulumi, pytest.mark.long]

MANY = {"exai-mcp-server": 2, "redis": 1, "postgres": 1, "edge": 2, "door": 1}
CHANGED = re.compile(r"\d+ (created|updated|replaced|deleted)")
ANSWERED = "The server is up and has answered an MCP call."
HEALTHY_WITHIN = 45
"""Seconds; a build that never becomes healthy is waited for that long."""
REFUSED_SECONDS = 2
"""All old replicas leave at the same moment: so long calls may be refused; they ran nowhere."""
UPDATES = 10
ONE_CALL = Mix(stateless=4, sessions=4, sockets=4)


@pytest.fixture(scope="module")
def stack(private_checkout: Checkout, private: PrivateEngine) -> Iterator[Production]:
    with production(private_checkout, private, "containers", healthyWithin=HEALTHY_WITHIN) as made:
        made.set_secrets()
        yield made


@pytest.fixture(scope="module")
def first_up(stack: Production) -> str:
    return stack.up()


@pytest.fixture(autouse=True)
def _it_is_up(first_up: str) -> None:
    """Every test finds the stack up."""


def _assert_nothing_was_lost(stack: Production, load: Load) -> None:
    assert load.lost == []
    assert stack.twice() == []
    assert load.refused_for() <= REFUSED_SECONDS


def test_up_ends_with_a_call_through_the_edge(stack: Production, first_up: str) -> None:
    assert "MCP call answered in" in first_up
    assert ANSWERED in first_up
    assert {name: len(stack.running(name)) for name in MANY} == MANY


def test_a_second_up_changes_nothing_and_asks_again(stack: Production) -> None:
    before = stack.ids()

    said = stack.up()

    assert not CHANGED.search(said), said
    assert "MCP call answered in" in said
    assert stack.ids() == before
    print(re.findall(r"Duration: .*", said))  # noqa: T201 - the figure of this run


def test_nothing_of_the_host_is_mounted_and_only_the_door_is_published(stack: Production) -> None:
    for service in MANY:
        for shown in stack.running(service).values():
            assert {mount["Type"] for mount in shown["Mounts"]} <= {"volume", "tmpfs"}
            assert bool(shown["HostConfig"]["PortBindings"]) == (service == "door")


async def test_a_new_image_reaches_every_client_without_a_lost_call(stack: Production) -> None:
    before = set(stack.running("exai-mcp-server"))
    async with stack.under_load() as load:
        with stack.checkout.edited("app/version.py", 'VERSION = "', 'VERSION = "1'):
            status, said = await stack.update()

    assert status == 0, said
    assert not before & set(stack.running("exai-mcp-server"))
    _assert_nothing_was_lost(stack, load)


async def test_ten_updates_under_the_full_load_lose_nothing(stack: Production) -> None:
    refused = []
    async with stack.under_load(FULL) as load:
        for number in range(UPDATES):
            began = time.monotonic()
            with stack.checkout.edited("app/version.py", 'VERSION = "', f'VERSION = "2{number}'):
                status, said = await stack.update()
            assert status == 0, said
            refused.append(round(load.refused_for(since=began), 2))

    print("refused for, in seconds:", refused)  # noqa: T201 - the figures of this run
    assert load.lost == []
    assert stack.twice() == []
    assert max(refused) <= REFUSED_SECONDS


@pytest.mark.parametrize(
    ("file", "place", "put"),
    [
        ("app/__main__.py", '"""', 'raise SystemExit("the broken build was here")\n"""'),
        ("app/healthcheck.py", "return 1 if problem else 0", "return 1"),
    ],
    ids=["a server that cannot work", "a server that never becomes healthy"],
)
async def test_what_does_not_work_takes_no_traffic_and_is_named(
    stack: Production, file: str, place: str, put: str
) -> None:
    before = set(stack.running("exai-mcp-server"))
    async with stack.under_load(ONE_CALL) as load:
        with stack.checkout.edited(file, place, put):
            status, said = await stack.update()

    assert status != 0
    assert f"did not become healthy within {HEALTHY_WITHIN} s" in said
    assert ("the broken build was here" in said) == ("broken" in put)
    assert "Traceback" not in said
    assert load.lost == []
    assert load.refused == 0
    assert set(stack.running("exai-mcp-server")) == before, "what failed still runs, or what worked does not"
    assert ANSWERED in stack.up()
    assert {name: len(stack.running(name)) for name in MANY} == MANY


async def test_passwords_of_the_stores_are_rotated_without_a_lost_call_or_a_restart(
    stack: Production,
) -> None:
    stores = {name: set(stack.running(name)) for name in ("redis", "postgres")}
    async with stack.under_load() as load:
        stack.secret("postgresPassword", secrets.token_hex(16))
        stack.secret("redisPassword", secrets.token_hex(16))
        status, said = await stack.update()

    assert status == 0, said
    assert {name: set(stack.running(name)) for name in stores} == stores
    _assert_nothing_was_lost(stack, load)


async def test_replicas_come_and_go_without_a_lost_call(stack: Production) -> None:
    async with stack.under_load() as load:
        for replicas in (3, 2):
            stack.configure(replicas=replicas)
            status, said = await stack.update()
            assert status == 0, said
            assert "replaced" not in said
            assert len(stack.running("exai-mcp-server")) == replicas

    _assert_nothing_was_lost(stack, load)


def test_a_stopped_replica_is_drift_that_up_mends(stack: Production) -> None:
    assert stack.verb("drift").returncode == 0, stack.verb("drift").stdout
    stopped = next(iter(stack.running("exai-mcp-server")))
    stack.docker("stop", "--time", "20", stopped)

    drift = stack.verb("drift")

    assert drift.returncode != 0
    assert "is not running" in drift.stdout
    assert ANSWERED in stack.up()
    assert stack.verb("drift").returncode == 0


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_that_passes_costs_nothing_that_was_acknowledged(stack: Production, fault: str) -> None:
    await outlast(stack, fault)


def test_destroy_leaves_nothing(stack: Production) -> None:
    done = stack.verb("destroy")

    assert done.returncode == 0, done.stdout
    assert stack.ids() == {}
    assert stack.volumes() == []
    assert stack.docker("network", "ls", "--quiet", "--filter", f"label=exai.stack={stack.name}") == ""
    assert stack.images() == []
