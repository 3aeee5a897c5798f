"""Keep what is slow to make outside the clone: complete or not at all, and made once for all runs."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from scripts.bootstrap.refusal import Refusal

LOCK_WAIT_SECONDS = 1800.0
"""Above the longest first build on a slow machine."""

LOCK_POLL_SECONDS = 0.5


def digest(files: Sequence[Path], *facts: str) -> str:
    """Name a cache entry after its inputs: files (name, content, executable bit) and other facts."""
    result = hashlib.sha256()
    for file in sorted(files):
        mode = "x" if os.access(file, os.X_OK) else "-"
        result.update(f"{file.parent.name}/{file.name}\0{mode}\0".encode())
        result.update(hashlib.sha256(file.read_bytes()).digest())
    for fact in facts:
        result.update(f"{fact}\0".encode())
    return result.hexdigest()[:16]


@contextlib.contextmanager
def lock(path: Path, wait: float = LOCK_WAIT_SECONDS) -> Iterator[None]:
    """Hold a file lock, waiting at most `wait` seconds; the system frees it if we die.

    Raises:
        Refusal: another run holds it for longer than that.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + wait
    with path.open("a") as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise Refusal(
                        f"Another run of the bootstrap has held {path} for {wait:.0f} s: "
                        "wait for it or end it, then run again."
                    ) from None
                time.sleep(LOCK_POLL_SECONDS)
        yield


def entry(cache: Path, thing: str, key: str) -> Path:
    """Where a finished entry is, or would be."""
    return cache / f"{thing}-{key}"


def make(cache: Path, thing: str, key: str, build: Callable[[Path], None]) -> Path:
    """Return the entry, built if it is not there yet.

    `build` fills an empty directory that gets its final name only when it returns, so an interrupted run
    leaves nothing that a later one could take for complete; what such a run left is removed under the lock.
    """
    final = entry(cache, thing, key)
    if final.is_dir():
        return final
    with lock(cache / f"{thing}.lock"):
        if final.is_dir():
            return final
        for left in cache.glob(f".{thing}-*.partial"):
            shutil.rmtree(left)
        partial = Path(tempfile.mkdtemp(prefix=f".{thing}-", suffix=".partial", dir=cache))
        try:
            build(partial)
            partial.chmod(0o755)
            partial.rename(final)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
    return final
