"""The listening socket, and who holds the port when it cannot be had."""

import errno
import socket
from pathlib import Path

from app.settings import ConfigurationError

BACKLOG = 1024
"""Connections the kernel keeps for us while the loop is busy; its own limit may be lower."""
_LISTEN_STATE = "0A"
"""In /proc/net/tcp (Linux: include/net/tcp_states.h)."""


class PortInUseError(Exception):
    """Another process listens on the address; one sentence that names it if it can be read."""


def listen(host: str, port: int) -> socket.socket:
    """Open the listening socket before anything else is started.

    Raises:
        PortInUseError: when another process has the port.
        ConfigurationError: when the address is not of this machine or the port is not for this user.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except socket.gaierror as error:
        raise ConfigurationError(
            [f"WS_HOST is {host!r}, which is no address ({error.strerror}): use 127.0.0.1 or 0.0.0.0."]
        ) from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            by = f" by {holder}" if (holder := holder_of(port)) else ""
            raise PortInUseError(
                f"Port {port} on {host} is taken{by}: stop that, or set WS_PORT to another port."
            ) from error
        if error.errno == errno.EACCES:
            reason = f"WS_PORT is {port}, which this user may not open: use a port above 1023."
        else:
            reason = (
                f"WS_HOST is {host!r}, where nothing can listen ({error.strerror}): use 127.0.0.1 or 0.0.0.0."
            )
        raise ConfigurationError([reason]) from error


def holder_of(port: int) -> str | None:
    """Name the process that listens on a port, as `python3 (pid 4711)`; None where it cannot be read."""
    inodes = _listening_inodes(port)
    if not inodes:
        return None
    links = {f"socket:[{inode}]" for inode in inodes}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(descriptor.readlink()) in links for descriptor in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
        except OSError:
            continue  # it has ended meanwhile, or belongs to somebody else
    return None


def _listening_inodes(port: int) -> set[str]:
    found = set()
    for table in ("tcp", "tcp6"):
        try:
            rows = (Path("/proc/net") / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            if fields[3] == _LISTEN_STATE and int(fields[1].rpartition(":")[2], 16) == port:
                found.add(fields[9])
    return found
