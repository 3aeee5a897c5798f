"""What befalls the containers of a stack from outside, and what clients and their files notice of it.

A pause stops every process of a container where it is (the cgroup freezer); a cut drops every packet between
it and a port elsewhere, without a word to either, as a broken cable does.
"""

import asyncio
import contextlib
import hashlib
import itertools
import secrets
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager

import aiohttp

from app import contract
from app.contract import NAME
from infra import haproxy
from tests.e2e.load import Mix
from tests.e2e.production import Production

FAULT_SECONDS = 10
HEALTHY_SECONDS = 15
"""After a repair, for everything to be healthy and in use."""
GIVEN_UP_SECONDS = 120
"""So long it is waited for all the same, to say how long it took."""
UPLOAD_SECONDS = 60
POLL_SECONDS = 0.25
COMMAND_SECONDS = 30
FEW = Mix(stateless=4, sessions=4, sockets=4)
Fault = Callable[[Production], AbstractContextManager[None]]


@contextlib.contextmanager
def _paused(stack: Production, service: str) -> Iterator[None]:
    container = next(iter(stack.running(service)))
    stack.docker("pause", container)
    try:
        yield
    finally:
        stack.docker("unpause", container)


@contextlib.contextmanager
def _cut(stack: Production, service: str, port: int) -> Iterator[None]:
    pid = next(iter(stack.running(service).values()))["State"]["Pid"]
    rules = [(way, "--protocol", "tcp", side, str(port), "--jump", "DROP") for way, side in _WAYS]
    try:
        for rule in rules:
            _filter(pid, "--append", *rule)
        yield
    finally:
        for rule in rules:
            _filter(pid, "--delete", *rule)


_WAYS = (("OUTPUT", "--dport"), ("INPUT", "--sport"))


def _filter(pid: int, *rule: str) -> None:
    inside = ("nsenter", f"--net=/proc/{pid}/ns/net")
    subprocess.run([*inside, "iptables", *rule], check=True, capture_output=True, timeout=COMMAND_SECONDS)


FAULTS: dict[str, Fault] = {
    "a server is paused": lambda stack: _paused(stack, NAME),
    "PostgreSQL is paused": lambda stack: _paused(stack, contract.POSTGRES_SERVICE),
    "Redis is paused": lambda stack: _paused(stack, contract.REDIS_SERVICE),
    "a server is cut off from PostgreSQL": lambda stack: _cut(stack, NAME, contract.POSTGRES_PORT),
    "a server is cut off from Redis": lambda stack: _cut(stack, NAME, contract.REDIS_PORT),
}


class Writer:
    """Uploads one small file after another; `acknowledged` are the ids of those that were said to be kept."""

    def __init__(self, stack: Production) -> None:
        self._stack = stack
        self._run = secrets.token_hex(8)
        self.acknowledged: set[str] = set()
        self.refused: Counter[str] = Counter()
        self.latest = 0.0
        """When the latest acknowledged upload was begun."""

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Writer"]:
        """Upload until the block ends; what is under way then is waited for."""
        stopping = asyncio.Event()
        task = asyncio.create_task(self._write(stopping))
        try:
            yield self
        finally:
            stopping.set()
            await task

    async def _write(self, stopping: asyncio.Event) -> None:
        known = {"Authorization": f"Bearer {self._stack.token}"}
        async with self._stack.visitor() as http:
            for number in itertools.count():
                if stopping.is_set():
                    return
                content, began = f"{self._run} {number}".encode(), time.monotonic()
                try:
                    async with (
                        asyncio.timeout(UPLOAD_SECONDS),
                        http.post(f"/files?name={number}.txt", data=content, headers=known) as response,
                    ):
                        if response.status == 201:
                            self.acknowledged.add(hashlib.sha256(content).hexdigest())
                            self.latest = began
                        else:
                            self.refused[str(response.status)] += 1
                except (aiohttp.ClientError, TimeoutError) as error:
                    self.refused[type(error).__name__] += 1
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stopping.wait(), POLL_SECONDS)


async def outlast(stack: Production, name: str) -> None:
    """Let a fault happen under load; once it is mended all is well soon, and nothing is lost."""
    whole = _containers(stack)
    async with stack.under_load(FEW) as load, Writer(stack).running() as writer:
        with FAULTS[name](stack):
            await asyncio.sleep(FAULT_SECONDS)
        mended = time.monotonic()
        while not (await asyncio.to_thread(_is_whole, stack, len(whole)) and writer.latest > mended):
            assert time.monotonic() - mended < GIVEN_UP_SECONDS, f"not healthy: {_containers(stack)}"
            await asyncio.sleep(POLL_SECONDS)
        took = time.monotonic() - mended
    kept = set(stack.sql("SELECT id FROM exai.files").split())
    replaced = len(set(whole) - set(_containers(stack)))
    print(  # noqa: T201 - the figures of this run
        f"{name}: healthy {took:.1f} s after the repair, {replaced} containers replaced by the engine; "
        f"uploads: {len(writer.acknowledged)} acknowledged, refused {dict(writer.refused)}"
    )
    assert writer.acknowledged
    assert writer.acknowledged <= kept
    assert load.lost == []
    assert stack.twice() == []
    assert took <= HEALTHY_SECONDS


def _containers(stack: Production) -> dict[str, list[str]]:
    """The ids, services and conditions of what runs of the stack, in one question: a busy engine is slow."""
    ours, form = f"label=exai.stack={stack.name}", '{{.ID}}\t{{.Label "exai.service"}}\t{{.Status}}'
    listed = stack.docker("ps", "--no-trunc", "--filter", ours, "--format", form).splitlines()
    return {one: rest for one, *rest in (line.split("\t") for line in listed)}


def _is_whole(stack: Production, many: int) -> bool:
    """Whether as many containers run as before, all healthy, and every edge gives work to every server."""
    there = _containers(stack)
    if len(there) != many or not all(condition.endswith("(healthy)") for _, condition in there.values()):
        return False
    of = {name: [one for one, (service, _) in there.items() if service == name] for name in (NAME, "edge")}
    statuses = [stack.docker(*haproxy.ask_status(edge)) for edge in of["edge"]]
    return all(len(haproxy.working(said)) == len(of[NAME]) for said in statuses)
