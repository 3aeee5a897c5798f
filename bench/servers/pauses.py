"""The collector's pauses, written by the server's process and read by the bench through one small file.

In CPU time of the collecting thread, so that other programs of the machine do not lengthen them.
"""

import gc
import mmap
import struct
import time
from pathlib import Path
from typing import Any

_LONGEST = struct.Struct("=d")


def record_pauses(file: str) -> None:
    """Keep the longest collection of this process in a file, from now on."""
    forget_pauses(Path(file))
    with Path(file).open("r+b") as opened:
        shared = mmap.mmap(opened.fileno(), _LONGEST.size)
    began = 0.0

    def note(phase: str, _: dict[str, Any]) -> None:
        nonlocal began
        if phase == "start":
            began = time.thread_time()
            return
        took = time.thread_time() - began
        # Compared with what the file holds, because the bench sets that back to nothing.
        if took > _LONGEST.unpack_from(shared)[0]:
            _LONGEST.pack_into(shared, 0, took)

    gc.callbacks.append(note)


def forget_pauses(file: Path) -> None:
    """Begin anew: what has been recorded no longer counts."""
    with file.open("r+b" if file.exists() else "wb") as opened:
        opened.write(bytes(_LONGEST.size))


def longest_pause(file: Path) -> float:
    """Return the longest pause in seconds since it was last forgotten."""
    return float(_LONGEST.unpack(file.read_bytes())[0])
