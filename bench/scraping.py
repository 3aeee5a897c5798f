"""Somebody who watches the server meanwhile: its metrics are fetched as often as no Prometheus would."""

import contextlib
import http.client
import threading
from collections.abc import Iterator

from app import contract
from bench.contestants import Server

INTERVAL_SECONDS = 0.9
"""Below one window of a server that is watched, so that none is without; sixteen times what we configure."""
ANSWER_SECONDS = 30.0
ACCEPT = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
"""What Prometheus 3, which we ship a configuration for, asks for (its scrape/scrape.go)."""


@contextlib.contextmanager
def scraping(server: Server) -> Iterator[None]:
    """Fetch the metrics in the background while the block runs; the first time before it begins.

    Raises:
        RuntimeError: they could not be fetched.
    """
    over, faults = threading.Event(), list[Exception]()
    _fetch(server)

    def fetch() -> None:
        while not over.wait(INTERVAL_SECONDS):
            try:
                _fetch(server)
            except (OSError, RuntimeError, http.client.HTTPException) as error:
                faults.append(error)

    watcher = threading.Thread(target=fetch, name="scraping")
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
    if faults:
        raise RuntimeError(f"The metrics could not be fetched: {faults[0]}") from faults[0]


def _fetch(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=ANSWER_SECONDS)
    try:
        headers = {"Authorization": f"Bearer {server.token}", "Accept": ACCEPT}
        connection.request("GET", contract.METRICS_PATH, headers=headers)
        response = connection.getresponse()
        response.read()
        if response.status != http.client.OK:
            raise RuntimeError(f"{contract.METRICS_PATH} answered {response.status}")
    finally:
        connection.close()
