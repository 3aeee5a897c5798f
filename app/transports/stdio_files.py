"""Files on this side of stdio: what the client names by a path is read here, within allowed folders.

Whoever started the process says which folders; without any, nothing is read. A path is followed to where it
really leads before it is judged, and what was judged is what is opened.

LocalFileError      one sentence for whoever made the call: which file, why not, what to do
"""

import asyncio
import base64
import os
import stat
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

ARGUMENTS = ("files", "images")
"""Arguments of tools that hold files."""

MAX_FILE_BYTES = 20 * 1024 * 1024
"""What is read of one file at most; the server has a limit of its own (`[limits] file_bytes`)."""

MAX_READS = 4
"""Files read and sent at once: each is in memory meanwhile."""

HOW_TO_ALLOW = (
    "add --allow-root FOLDER to the arguments of `exai-mcp stdio` in the client's configuration, or send the "
    "file's content"
)

JSON = dict[str, Any]
Place = Callable[[str, bytes], Awaitable[JSON]]
"""Given a name and a content, returns what stands for the file in the arguments."""


class LocalFileError(Exception):
    """A file is not read; one sentence."""


class LocalFiles:
    """Reads files within `roots` and puts them where their paths stood."""

    def __init__(self, roots: Sequence[Path], max_file_bytes: int = MAX_FILE_BYTES) -> None:
        self._roots = tuple(Path(os.path.realpath(root)) for root in roots)
        self._max_bytes = max_file_bytes
        self._reads = asyncio.Semaphore(MAX_READS)

    async def bring(self, message: JSON, place: Place) -> None:
        """Replace every path in a call by what `place` makes of its file.

        Raises:
            LocalFileError: one is not read; then the message is as good as lost.
        """
        for entry in _with_paths(message):
            path = entry.pop("path")
            async with self._reads:
                content = await asyncio.to_thread(self.read, path)
                entry |= await place(entry.pop("name", None) or Path(path).name, content)

    def read(self, path: str) -> bytes:
        """Return the content of a file; blocks while the disk does.

        Raises:
            LocalFileError: it is outside the roots, no plain file, too large, or not there.
        """
        if not self._roots:
            raise LocalFileError(f"{path!r} was not read because no folder is allowed: {HOW_TO_ALLOW}.")
        try:
            root, inside = self._within(path)
            file = _open(root, inside)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is no path"
            raise LocalFileError(f"{path!r} was not read ({reason}): correct the path.") from error
        if not stat.S_ISREG(os.fstat(file).st_mode):
            os.close(file)
            raise LocalFileError(f"{path!r} was not read because it is no plain file.")
        with os.fdopen(file, "rb") as opened:
            content = opened.read(self._max_bytes + 1)
        if len(content) > self._max_bytes:
            raise LocalFileError(
                f"{path!r} was not read because it has more than {self._max_bytes:,} bytes: send less of it."
            )
        return content

    def _within(self, path: str) -> tuple[Path, Path]:
        """Return the root that a path really leads into, and the way from there."""
        given = Path(path).expanduser()
        for root in self._roots:
            # Of a path that is absolute, this is the path itself.
            real = Path(os.path.realpath(root / given))
            if real.is_relative_to(root) and (given.is_absolute() or real.exists() or len(self._roots) == 1):
                return root, real.relative_to(root)
        roots = ", ".join(map(str, self._roots))
        raise LocalFileError(
            f"{path!r} was not read because it leads outside the allowed folders ({roots}): {HOW_TO_ALLOW}."
        )


def names_paths(message: Any) -> bool:
    """Tell whether a message is a call that names files by their paths."""
    return next(_with_paths(message), None) is not None


def inline(name: str, content: bytes) -> JSON:
    """Return a file as it stands in a call itself: as text if it is text, else in base64."""
    try:
        return {"name": name, "content": content.decode()}
    except UnicodeDecodeError:
        return {"name": name, "base64": base64.b64encode(content).decode()}


def keeps_nothing(message: JSON) -> bool:
    """Tell whether a call asks that nothing of it is kept."""
    return any(arguments.get("no_store") is True for arguments in _arguments(message))


def _arguments(message: Any) -> Iterator[JSON]:
    """Yield the arguments of a tool call, and those of the call that it wants to start."""
    if type(message) is not dict or message.get("method") != "tools/call":
        return
    found = message.get("params")
    for _ in range(2):
        found = found.get("arguments") if type(found) is dict else None
        if type(found) is dict:
            yield found


def _with_paths(message: Any) -> Iterator[JSON]:
    for arguments in _arguments(message):
        for name in ARGUMENTS:
            given = arguments.get(name)
            for entry in given if type(given) is list else ():
                if type(entry) is dict and type(entry.get("path")) is str:
                    yield entry


def _open(root: Path, inside: Path) -> int:
    """Open a file folder by folder, following no link: nothing moved in the meantime leads elsewhere.

    A pipe or a device is opened without waiting for its other end, to be refused by its kind.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    if os.open not in os.supports_dir_fd:
        return os.open(root / inside, flags)
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        *folders, name = inside.parts or (".",)
        for part in folders:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = inner
        return os.open(name, flags, dir_fd=folder)
    finally:
        os.close(folder)
