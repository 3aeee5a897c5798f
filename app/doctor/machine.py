"""The machine under the server: room on its disks, and its port."""

import os
from collections.abc import Mapping
from pathlib import Path

from yarl import URL

from app import contract
from app.announcement import url_of
from app.doctor.findings import Finding, fail, ok, warn
from app.doctor.running import Running, ask
from app.listener import PortInUseError, listen
from app.settings import ConfigurationError, Settings
from app.version import VERSION

MIB = 1024**2
FULL_BYTES = 100 * MIB
"""Below this a store that grows stops the server soon."""
TIGHT_BYTES = 1024 * MIB
FULL_FILES = 1000
"""Files a file system can still take."""


def disks(folders: Mapping[str, Path]) -> list[Finding]:
    """Look at the room below each folder, named by its variable."""
    found = []
    for name, folder in folders.items():
        try:
            state = os.statvfs(folder)
        except OSError as error:
            found.append(
                fail("disk", f"{name} ({folder}) cannot be looked at ({error.strerror}): mend its rights.")
            )
            continue
        free = state.f_bavail * state.f_frsize
        text = f"{name} ({folder}) has {free // MIB:,} MiB left"
        # A file system that counts no files, such as btrfs, says 0 of 0.
        if state.f_files and state.f_favail < FULL_FILES:
            found.append(fail("disk", f"{text}, but only {state.f_favail} files: remove what is not needed."))
        elif free < FULL_BYTES:
            found.append(fail("disk", f"{text}: make room, the server cannot write much longer."))
        elif free < TIGHT_BYTES:
            found.append(warn("disk", f"{text}: make room, or lower RETENTION_DAYS."))
        else:
            found.append(ok("disk", f"{text}."))
    return found


async def port(settings: Settings) -> list[Finding]:
    """See who has the port: nobody, this server (then what it says of itself), or somebody else."""
    try:
        listen(settings.ws_host, settings.ws_port).close()
    except ConfigurationError as error:
        return [fail("port", fault) for fault in error.faults]
    except PortInUseError as error:
        url = URL(url_of(None, settings.ws_host, settings.ws_port)).with_path(contract.READINESS_PATH)
        running = await ask(url, settings.auth_token.reveal())
        return [fail("port", str(error))] if running is None else _told(running, settings.ws_port)
    return [ok("port", f"{settings.ws_port} on {settings.ws_host} is free; no server runs there now.")]


def _told(running: Running, number: int) -> list[Finding]:
    if running.version is None:
        return [
            warn(
                "server",
                f"A server of this kind is {running.status} on port {number}, but takes another token than "
                "AUTH_TOKEN here: run this with the variables that it runs with.",
            )
        ]
    found = [
        ok("server", f"It runs on port {number}, release {running.version}, and says: {running.status}.")
    ]
    if not running.serving:
        found[0] = fail(
            "server", f"It runs on port {number} and says {running.status}: see its reasons below."
        )
    if running.version != VERSION:
        found.append(
            warn(
                "server", f"It runs release {running.version} and this is {VERSION}: restart it to update it."
            )
        )
    return [*found, *(warn("server", f"It says: {reason}") for reason in running.reasons)]
