"""stdin and stdout as lines: one message a line, UTF-8, ended by a newline.

Each pipe has a thread of its own, because asyncio's pipe transports take neither regular files nor
every console, and make a terminal non-blocking for whoever shares it. Both directions are bounded:
the reader stops when too much is unread, the writer tells when too much is unwritten.
Source: MCP specification, basic/transports "stdio".
"""

import asyncio
import contextlib
import os
import select
import sys
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue

CHUNK_BYTES = 64 * 1024
"""Read from the pipe at once; a pipe of Linux holds no more."""

READ_AHEAD_BYTES = 1024 * 1024
"""What may be read from stdin and not yet be taken; then the client has to wait."""

UNWRITTEN_BYTES = 8 * 1024 * 1024
"""What may wait for stdout before nothing more is taken in."""


class LineTooLong(Exception):  # noqa: N818 - a verdict on the line, not a defect
    """A line went past the bound and was skipped to its end; the next one can be read."""


def claim_pipes() -> tuple[int, int]:
    """Take stdin and stdout for MCP and return their new descriptors.

    From here on whatever prints, in Python or below it, lands on stderr, and whoever reads stdin finds
    it empty.
    """
    source, sink = os.dup(0), os.dup(1)
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - a device, opened for its descriptor
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return source, sink


class LineReader:
    """Reads lines from a descriptor, a bounded way ahead of whoever takes them."""

    def __init__(self, descriptor: int, *, max_bytes: int, ahead_bytes: int = READ_AHEAD_BYTES) -> None:
        self._descriptor = descriptor
        # A line within one chunk is never too long.
        self._max_bytes = max(max_bytes, CHUNK_BYTES)
        self._ahead_bytes = ahead_bytes
        self._loop = asyncio.get_running_loop()
        self._taken = threading.Condition()
        self._untaken = 0
        self._chunks: deque[bytes] = deque()
        self._arrived = asyncio.Event()
        self._ended = False
        self._lines: deque[bytes] = deque()
        self._rest: list[bytes] = []
        self._rest_bytes = 0
        self._skipping = False
        threading.Thread(target=self._fill, name="stdin", daemon=True).start()

    async def read(self) -> bytes | None:
        """Return the next line without its end; None once the peer has closed.

        Raises:
            LineTooLong: a line of more than `max_bytes` was skipped.
        """
        while not self._lines:
            if not self._chunks:
                if self._ended:
                    rest, self._rest = b"".join(self._rest), []
                    return rest or None
                self._arrived.clear()
                await self._arrived.wait()
                continue
            chunk = self._chunks.popleft()
            with self._taken:
                self._untaken -= len(chunk)
                self._taken.notify()
            self._split(chunk)
        return self._lines.popleft()

    def _split(self, chunk: bytes) -> None:
        """Cut a chunk into lines, the unfinished last one kept for the next chunk."""
        first, *more = chunk.split(b"\n")
        self._rest.append(first)
        self._rest_bytes += len(first)
        too_long = False
        if more:
            *whole, last = more
            if self._skipping:
                self._skipping = False
            elif self._rest_bytes > self._max_bytes:
                too_long = True
            else:
                self._lines.append(b"".join(self._rest))
            self._lines.extend(whole)
            self._rest, self._rest_bytes = [last], len(last)
        if self._skipping:
            self._rest, self._rest_bytes = [], 0
        elif self._rest_bytes > self._max_bytes:
            self._rest, self._rest_bytes = [], 0
            self._skipping = too_long = True
        if too_long:
            raise LineTooLong

    def _fill(self) -> None:
        while True:
            with self._taken:
                self._taken.wait_for(lambda: self._untaken < self._ahead_bytes)
            try:
                chunk = os.read(self._descriptor, CHUNK_BYTES)
            except BlockingIOError:
                # The parent made its end non-blocking, and with it ours.
                select.select([self._descriptor], [], [])
                continue
            except OSError:
                chunk = b""
            with self._taken:
                self._untaken += len(chunk)
            if not _tell(self._loop, self._fed, chunk) or not chunk:
                return

    def _fed(self, chunk: bytes) -> None:
        if chunk:
            self._chunks.append(chunk)
        else:
            self._ended = True
        self._arrived.set()


class LineWriter:
    """Writes messages as lines; the `Channel` of whoever is at the other end."""

    def __init__(self, descriptor: int, *, max_bytes: int = UNWRITTEN_BYTES) -> None:
        self._descriptor = descriptor
        self._max_bytes = max_bytes
        self._loop = asyncio.get_running_loop()
        self._parts: list[bytes] = []
        self._unwritten = 0
        self._writing = False
        self._room = asyncio.Event()
        self._room.set()
        self._empty = asyncio.Event()
        self._empty.set()
        self._queue: SimpleQueue[bytes] = SimpleQueue()
        self.broken = asyncio.Event()
        """Set once nobody reads any more; from then on everything written is dropped."""
        threading.Thread(target=self._drain, name="stdout", daemon=True).start()

    def finish(self, reply: bytes | None, code: int = 0) -> None:  # noqa: ARG002 - statuses are HTTP's
        """Queue one message; never waits, see `room`."""
        if reply is None or self.broken.is_set():
            return
        if b"\n" in reply or b"\r" in reply:
            # Between JSON's tokens only: inside a string a line end is escaped.
            reply = reply.translate(_LINE_ENDS)
        self._parts += (reply, b"\n")
        self._unwritten += len(reply) + 1
        self._empty.clear()
        if self._unwritten > self._max_bytes:
            self._room.clear()
        if not self._writing:
            self._writing = True
            self._loop.call_soon(self._flush)

    async def send(self, message: bytes) -> None:
        """Queue what precedes a reply, after what the reader still has to take."""
        self.finish(message)
        await self._room.wait()

    def push(self, message: bytes) -> None:
        """Queue what nobody waits for; left out when the reader is far behind, who then asks anyway."""
        if self._unwritten <= self._max_bytes:
            self.finish(message)

    async def room(self) -> None:
        """Return once little enough is unwritten, or nobody reads any more."""
        await self._room.wait()

    async def drained(self) -> None:
        """Return once everything queued is in the pipe, or nobody reads any more."""
        await self._empty.wait()

    def _flush(self) -> None:
        data = b"".join(self._parts)
        self._parts.clear()
        self._queue.put(data)

    def _drain(self) -> None:
        while True:
            rest = memoryview(self._queue.get())
            length = len(rest)
            while rest:
                try:
                    rest = rest[os.write(self._descriptor, rest) :]
                except BlockingIOError:
                    select.select([], [self._descriptor], [])
                except OSError:
                    _tell(self._loop, self._broke)
                    return
            if not _tell(self._loop, self._wrote, length):
                return

    def _wrote(self, length: int) -> None:
        self._unwritten -= length
        if self._unwritten <= self._max_bytes:
            self._room.set()
        if self._parts:
            self._flush()
        else:
            self._writing = False
            self._empty.set()

    def _broke(self) -> None:
        self.broken.set()
        self._parts.clear()
        self._room.set()
        self._empty.set()


_LINE_ENDS = bytes.maketrans(b"\r\n", b"  ")


def _tell(loop: asyncio.AbstractEventLoop, callback: "Callable[..., None]", *values: object) -> bool:
    """Call back in the loop; False when it is gone, and the thread with it."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(callback, *values)
        return True
    return False
