"""Locks of the file backend whose update died; a lock of one that lives is never touched."""

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from app.contract import NAME


def clear_stale(backend: str, stack: str) -> Iterator[int]:
    """Remove the locks that processes of this machine left when they were killed; yield their process ids."""
    if not backend.startswith("file://"):
        return
    folder = Path(unquote(urlsplit(backend).path)) / ".pulumi" / "locks" / "organization" / NAME / stack
    for lock in folder.glob("*.json"):
        holder = json.loads(lock.read_text(encoding="utf-8"))
        if holder["hostname"] == socket.gethostname() and not _lives(holder["pid"]):
            lock.unlink()
            lock.with_name(f"{lock.name}.attrs").unlink(missing_ok=True)
            yield holder["pid"]


def _lives(pid: int) -> bool:
    """Whether the process is there and, where the system tells, is Pulumi: ids are given out again."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return _is_pulumi(pid)


def _is_pulumi(pid: int) -> bool:
    """Read name and state from proc(5), `pid (name) state …`; true where there is no such file to read."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return not Path("/proc/self/stat").is_file()
    name, _, rest = stat.partition("(")[2].rpartition(")")
    # A zombie holds nothing any more; it only waits for its parent to ask how it ended.
    return name == "pulumi" and rest.split()[0] != "Z"
