"""Lines that wait for a connection: bounded, in order, taken back one by one."""

from collections import OrderedDict

from app.protocol.envelopes import RequestId

WAITING_MESSAGES = 256
WAITING_BYTES = 16 * 1024 * 1024
"""Past either, stdin is not read on until there is a connection or no more patience."""


class Waiting:
    """A queue of lines. Requests are found by their id, so that a cancelled one is never sent."""

    def __init__(self) -> None:
        self._lines: OrderedDict[tuple[RequestId | None, int], bytes] = OrderedDict()
        self._bytes = 0
        self._count = 0

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def full(self) -> bool:
        """Whether the bound is reached."""
        return len(self._lines) >= WAITING_MESSAGES or self._bytes >= WAITING_BYTES

    def add(self, request_id: RequestId | None, line: bytes, *, first: bool = False) -> None:
        """Queue a line; `first` puts it before what waits already."""
        self._count += 1
        key = (request_id, self._count if request_id is None else 0)
        if key in self._lines:
            key = (request_id, self._count)
        self._lines[key] = line
        self._bytes += len(line)
        if first:
            self._lines.move_to_end(key, last=False)

    def withdraw(self, request_id: RequestId) -> bool:
        """Take a cancelled request back; tells whether it was still here."""
        line = self._lines.pop((request_id, 0), None)
        if line is None:
            return False
        self._bytes -= len(line)
        return True

    def take(self) -> tuple[RequestId | None, bytes]:
        """Remove and return the next line and its request's id.

        Raises:
            KeyError: nothing waits.
        """
        (request_id, _), line = self._lines.popitem(last=False)
        self._bytes -= len(line)
        return request_id, line
