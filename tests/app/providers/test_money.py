"""What we counted is what the fake billed: every fault, every quirk, many at once."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator

import pytest
import stamina

from app.providers import catalog, retries
from app.providers.client import ChatClient
from app.providers.errors import ProviderError
from app.providers.events import Done, Usage
from app.providers.gateway import VendorGateway
from app.shared.in_process import InProcess
from demo import faults
from tests.app.providers.fake import Fake, ask, collect, done_of, model_of

QUIRKS = [
    name
    for name in faults.STREAM_FAULTS
    if name.startswith("usage-") and name not in ("usage-missing", "usage-null")
]
SLOW = {"silence", "silence-mid", "hanging-tail"}


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=retries.ATTEMPTS, cap=True):
        yield


@pytest.mark.parametrize("name", [name for name in faults.NAMES if name not in SLOW])
async def test_what_is_called_free_was_not_billed(fake: Fake, name: str) -> None:
    vendor = "glm" if name.startswith("glm-") else "kimi"
    async with fake.client(vendor, read_seconds=0.5) as client:
        try:
            done = done_of(await collect(client.stream(ask(f"[fake:{name}]", vendor))))
        except ProviderError as error:
            free, usage = error.free, error.usage
        else:
            free, usage = False, done.usage

    # After a 504 nobody but the vendor knows: it may be working still, or never have begun.
    assert len(fake.bill.rows) == (0 if free or name == "504" else 1)
    assert usage is None or usage.output == fake.bill.rows[0].output


async def test_a_hundred_calls_of_every_sort_add_up_to_the_bill(fake: Fake) -> None:
    source = random.Random(5)  # noqa: S311 - repeatable, no secret
    connections = {vendor: fake.connection(vendor) for vendor in ("kimi", "glm")}
    clients = {vendor: ChatClient(connection) for vendor, connection in connections.items()}
    gateway = VendorGateway(clients, InProcess(), {})
    ours: Counter[str] = Counter()
    answered = failed = 0

    async def call(number: int) -> None:
        nonlocal answered, failed
        model = source.choice(catalog.MODELS)
        passing = "glm-1302" if model.vendor.id == "glm" else "kimi-429-overloaded"
        marks = [*QUIRKS, "ok", f"{passing} x1", "think 9", "words 40", "kimi-400-invalid"]
        mark = f"[fake:{source.choice(marks)}]"
        try:
            async for event in gateway.stream(
                ask(f"Number {number}? {mark}", model.id, conversation=f"c{number % 7}")
            ):
                if isinstance(event, Done):
                    assert event.usage is not None
                    ours[model.id] += event.usage.cost(model.price)
                    answered += 1
        except ProviderError as error:
            ours["unfree"] += not error.free
            failed += 1

    try:
        await asyncio.gather(*(call(number) for number in range(100)))
    finally:
        for connection in connections.values():
            await connection.close()
    theirs: Counter[str] = Counter()
    for row in fake.bill.rows:
        usage = Usage(row.input, row.cached, row.output, row.reasoning)
        theirs[row.model] += usage.cost(model_of(row.model).price)

    assert answered + failed == 100
    assert answered == len(fake.bill.rows) > 50
    assert failed > 5
    assert ours.pop("unfree") == 0
    assert theirs == ours
    assert sum(ours.values()) > 0
