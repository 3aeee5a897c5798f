"""Honest clients beside hostile ones: `python -m tests.hostile.load`, two minutes.

A real server process with the limits it ships with; 20 honest clients call `status` at a steady pace, 60 s
alone, then 60 s beside 200 hostile connections. Printed: the honest calls' quantiles of both, and their
ratio; `--write` puts them into docs/performance.md. Exit code 1 when an honest call was lost, or the ratio of
the p99.9 is above 3.
"""

import argparse
import asyncio
import contextlib
import datetime as dt
import itertools
import os
import random
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import orjson

from app.clients import editing
from bench import machine, page
from tests.app.conftest import TOKEN, Server
from tests.app.test_main import CALL, HANDSHAKE
from tests.hostile.wire import AUTH, PING, POST, TEXT, UPGRADE, Line, frame

ROOT = Path(__file__).parents[2]
MARK = "hostile"
PACE_SECONDS = 0.1
PAUSE_SECONDS = 0.05
CHUNK_SECONDS = 0.5
END_SECONDS = 10.0
ARRIVALS = 200
MOST_TIMES_SLOWER = 3.0
"""What 200 hostile connections may make of the honest calls' p99.9."""


@dataclass(frozen=True)
class Found:
    """The latencies of the honest calls in seconds, and how many were not answered."""

    latencies: list[float]
    lost: int

    def quantile(self, share: float) -> float:
        """Return one quantile in milliseconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000

    def row(self, title: str) -> str:
        """Return a row of the table."""
        shown = " | ".join(f"{self.quantile(share):.2f}" for share in (0.5, 0.99, 0.999))
        return f"| {title} | {len(self.latencies)} | {shown} | {self.lost} |"


async def honest_clients(port: int, count: int, seconds: float) -> Found:
    """Call at a steady pace over one socket a client."""
    latencies: list[float] = []
    lost = 0
    end = time.monotonic() + seconds

    async def client(session: aiohttp.ClientSession, start: float) -> None:
        nonlocal lost
        await asyncio.sleep(start)
        async with session.ws_connect(f"http://127.0.0.1:{port}/mcp", protocols=("mcp",)) as socket:
            await socket.send_json(HANDSHAKE)
            await socket.receive_json()
            for number in itertools.count(10):
                if time.monotonic() >= end:
                    return
                began = time.monotonic()
                await socket.send_json(CALL | {"id": number})
                reply = await socket.receive()
                if reply.type is aiohttp.WSMsgType.TEXT and "result" in orjson.loads(reply.data):
                    latencies.append(time.monotonic() - began)
                else:
                    lost += 1
                    return
                await asyncio.sleep(max(0.0, PACE_SECONDS - (time.monotonic() - began)))

    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as session:
        await asyncio.gather(*(client(session, number * PACE_SECONDS / count) for number in range(count)))
    return Found(latencies, lost)


@dataclass
class Harm:
    """What the hostile peers did."""

    connections: int = 0


async def hostile_peer(port: int, kind: int, token: str, harm: Harm) -> None:
    """Do one kind of harm, again and again, with the token of another client where one is needed."""
    attacks = (_pings, _calls, _garbage, _slow, _guesses, _posts)
    # They come within a second, as the honest ones do.
    await asyncio.sleep(kind % ARRIVALS / ARRIVALS)
    while True:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError, ValueError, IndexError):
            line = Line(*await asyncio.open_connection("127.0.0.1", port))
            harm.connections += 1
            try:
                await attacks[kind % len(attacks)](line, token)
            finally:
                await line.close()
        await asyncio.sleep(PAUSE_SECONDS)


async def _upgrade(line: Line, token: str) -> None:
    await line.send(UPGRADE.replace(TOKEN, token).encode())
    await line.head()


async def _pings(line: Line, token: str) -> None:
    await _upgrade(line, token)
    await line.send(frame(PING, b"x" * 100) * 2000)
    await line.rest()


async def _calls(line: Line, token: str) -> None:
    await _upgrade(line, token)
    await line.send(frame(TEXT, orjson.dumps(HANDSHAKE)))
    asked = b"".join(frame(TEXT, orjson.dumps(CALL | {"id": number})) for number in range(50))
    for _ in range(20):
        await line.send(asked)
        await line.text()
        await asyncio.sleep(PAUSE_SECONDS)


async def _garbage(line: Line, token: str) -> None:
    await _upgrade(line, token)
    await line.send(frame(TEXT, b"[" * 2000) * 30)
    await line.rest()


async def _slow(line: Line, token: str) -> None:  # noqa: ARG001 - one signature for all attacks
    await line.send(b"GET /mcp HTTP/1.1\r\nX-Slow: ")
    for _ in range(40):
        await line.send(b"x")
        await asyncio.sleep(CHUNK_SECONDS)


async def _guesses(line: Line, token: str) -> None:  # noqa: ARG001 - one signature for all attacks
    await line.send(POST.replace(TOKEN, f"wrong-{random.random()}").encode() + b"\r\n")  # noqa: S311 - a guess
    await line.head()


async def _posts(line: Line, token: str) -> None:
    head = f"POST /mcp HTTP/1.1\r\n{AUTH}Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{{}}"
    await line.send(head.replace(TOKEN, token).encode() * 20)
    await line.head()


async def compare(honest: int, hostile: int, seconds: float) -> tuple[Found, Found, int]:
    """Run the honest clients alone, then beside the hostile ones.

    Returns both findings, and how many connections the hostile ones made.
    """
    folder = Path(tempfile.mkdtemp())
    token = editing.add(folder / "config", "hostile")
    server = await asyncio.to_thread(Server, folder, {})
    try:
        port = int((await asyncio.to_thread(server.url)).rpartition(":")[2])
        await asyncio.to_thread(server.wait_for, "ready")
        alone = await honest_clients(port, honest, seconds)
        attackers = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.hostile.load",
            "--attack",
            str(port),
            "--hostile",
            str(hostile),
            env={**os.environ, "ATTACKER_TOKEN": token},
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            # asyncio complains there of every line the server cuts.
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            beside = await honest_clients(port, honest, seconds)
        finally:
            attackers.terminate()
            said, _ = await asyncio.wait_for(attackers.communicate(), END_SECONDS)
        return alone, beside, int(said)
    finally:
        server.close()


async def attack(port: int, hostile: int, token: str) -> None:
    """Be all hostile peers at once, until terminated; then say how many connections they made."""
    # They stand for other machines: what they cost this one must not be taken from the honest clients.
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    harm, told = Harm(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    peers = [asyncio.create_task(hostile_peer(port, kind, token, harm)) for kind in range(hostile)]
    await told.wait()
    for peer in peers:
        peer.cancel()
    print(harm.connections)  # noqa: T201 - what the parent reads


def report(alone: Found, beside: Found, harm: int, options: argparse.Namespace) -> tuple[str, bool]:
    """Return the findings as Markdown, and whether they are what is promised."""
    ratio = beside.quantile(0.999) / alone.quantile(0.999)
    met = ratio <= MOST_TIMES_SLOWER and not alone.lost + beside.lost
    rows = [
        f"Measured {dt.datetime.now(dt.UTC).date().isoformat()} on {machine.machine()}; load average "
        f"{os.getloadavg()[1]:.1f} over the last five minutes, this measurement's own load included.",
        "",
        f"| {options.honest} honest clients, ms | calls | p50 | p99 | p99.9 | lost |",
        "| --- | --- | --- | --- | --- | --- |",
        alone.row(f"alone, {options.seconds:g} s"),
        beside.row(f"beside {options.hostile} hostile connections, {options.seconds:g} s"),
        "",
        f"The hostile side made {harm:,} connections in that time.",
        f"The p99.9 beside is {ratio:.2f} times what it is alone, and may be {MOST_TIMES_SLOWER:g} times: "
        f"{'met' if met else 'not met'}.",
    ]
    return "\n".join(rows), met


def main() -> int:
    """Run the comparison, print it and judge it; with `--attack PORT` only be the hostile side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--honest", type=int, default=20)
    parser.add_argument("--hostile", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--write", action="store_true", help=f"put the findings into {machine.DOCUMENT}")
    parser.add_argument("--attack", type=int, metavar="PORT", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.attack:
        asyncio.run(attack(options.attack, options.hostile, os.environ["ATTACKER_TOKEN"]))
        return 0
    text, met = report(*asyncio.run(compare(options.honest, options.hostile, options.seconds)), options)
    print(text)  # noqa: T201 - the result of the command
    if options.write:
        page.put(ROOT / machine.DOCUMENT, MARK, text)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
