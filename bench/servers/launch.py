"""What every server process does first: stay on its core, take the listening socket it was handed.

The parent binds the socket, so that a client may connect before the server is up and is answered the
moment it is: the time from start to first answer is measured without asking again and again.
"""

import argparse
import asyncio
import contextlib
import os
import resource
import socket
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Launch:
    """What a server process was started with."""

    listener: socket.socket
    token: str


def launch() -> Launch:
    """Read the command line that `bench.contestants` wrote, and act on what all servers share."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--listener", type=int, required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--core", type=int)
    parser.add_argument("--pauses")
    options = parser.parse_args()
    if options.core is not None:
        os.sched_setaffinity(0, {options.core})
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with contextlib.suppress(ValueError, OSError):  # the soft limit stays, and says so by refusing sockets
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if options.pauses:
        from bench.servers.pauses import record_pauses

        record_pauses(options.pauses)
    return Launch(socket.socket(fileno=options.listener), options.token)


def event_loop() -> asyncio.AbstractEventLoop:
    """Make the same loop as the product; not taken from it, because its imports would slow the bare start."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
