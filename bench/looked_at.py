"""What an open status page costs each tools/call: `python -m bench.looked_at [--pairs N] [--seconds S]`.

One server as it ships, one load; windows with the page open and closed take turns, so that a drift of the
machine falls on both alike. Open means what a browser does: the stream of events, and views that ask again.
"""

import argparse
import contextlib
import http.client
import re
import statistics
import sys
import threading
import urllib.parse
from collections.abc import Iterator, Sequence

from bench import load, machine
from bench.contestants import PRODUCT, Server, started
from bench.dialects import MCP_WEBSOCKET
from bench.samples import LoadGenerator

MOST_RATIO = 1.05
ASK_SECONDS = 2.0
"""A browser asks every 30 s; asked this often, a short window holds what a long one would."""

FIRST_ANSWER_SECONDS = 30.0
ASKED = ("overview", "jobs?most=12", "threads", "costs")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print every pair and the median; 1 when it is above the limit, 2 when nothing could run."""
    options = _parser().parse_args(arguments)
    server_core, client_core = machine.cores()
    try:
        generator = LoadGenerator(load.build(), client_core)
    except load.CannotBenchError as error:
        print(error, file=sys.stderr)
        return 2
    ratios = []
    with started(PRODUCT, server_core) as server:
        generator.sample(server, MCP_WEBSOCKET, calls=1, seconds=FIRST_ANSWER_SECONDS)
        cookie = sign_in(server)
        for pair in range(options.pairs):
            taken = {}
            for is_open in (True, False) if pair % 2 else (False, True):
                with opened(server, cookie) if is_open else contextlib.nullcontext():
                    sample = generator.sample(
                        server, MCP_WEBSOCKET, inflight=16, warmup=0.3, seconds=options.seconds
                    )
                taken[is_open] = sample.server_cpu / sample.calls * 1e6
            ratios.append(taken[True] / taken[False])
            print(
                f"closed {taken[False]:.1f} µs, open {taken[True]:.1f} µs, ratio {ratios[-1]:.3f}", flush=True
            )
    median = statistics.median(ratios)
    print(f"median of {len(ratios)} pairs: {median:.3f} (limit {MOST_RATIO})")
    return int(median > MOST_RATIO)


def sign_in(server: Server) -> str:
    """Return the cookie of a login."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=FIRST_ANSWER_SECONDS)
    form = urllib.parse.urlencode({"token": server.token})
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Origin": f"http://127.0.0.1:{server.port}",
    }
    connection.request("POST", "/status/login", form, headers)
    response = connection.getresponse()
    found = re.match(r"exai_status=[^;]+", response.headers["Set-Cookie"])
    connection.close()
    if found is None:
        raise RuntimeError("the login gave no cookie")
    return found[0]


@contextlib.contextmanager
def opened(server: Server, cookie: str) -> Iterator[None]:
    """Hold the stream open and ask as the views do, until the block ends."""
    over = threading.Event()
    stream = http.client.HTTPConnection("127.0.0.1", server.port, timeout=FIRST_ANSWER_SECONDS)
    stream.request("GET", "/status/events", headers={"Cookie": cookie})
    answer = stream.getresponse()
    answer.readline()

    def ask() -> None:
        asking = http.client.HTTPConnection("127.0.0.1", server.port, timeout=FIRST_ANSWER_SECONDS)
        while not over.is_set():
            for path in ASKED:
                asking.request("GET", f"/status/api/{path}", headers={"Cookie": cookie})
                asking.getresponse().read()
            over.wait(ASK_SECONDS)
        asking.close()

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        stream.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.looked_at", description=__doc__)
    parser.add_argument("--pairs", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=4.0)
    return parser


if __name__ == "__main__":
    sys.exit(main())
