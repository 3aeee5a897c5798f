"""Replacing a file whole: readers see the old one or the new one, and a crash leaves the old one."""

import contextlib
import os
import tempfile
from pathlib import Path


def replace_file(path: Path, text: str, mode: int) -> None:
    """Put a text in a file's place, durably; line ends stay as they are in the text.

    The file has `mode` afterwards, and the owner it had before where we may decide that.

    Raises:
        OSError: it cannot be written; then the old file is untouched.
    """
    before = path.stat() if path.exists() else None
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(mode)
        if before and hasattr(os, "chown"):  # Windows has no such owners
            with contextlib.suppress(PermissionError):
                os.chown(temporary, before.st_uid, before.st_gid)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
