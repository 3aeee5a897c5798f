"""New connections begin one in a turn of the event loop, so that a crowd of them holds nobody up for long.

A connection costs some hundred microseconds until its first request is answered or refused. Those that
are accepted in one turn would all be served in the next one, and the calls of everybody else behind them.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any
from weakref import WeakSet


class Newcomers:
    """The connections that were accepted and have not begun, in the order they came.

    `begin` makes the protocol that serves one. Their number is bounded by whoever asks for the next one.
    """

    def __init__(self, begin: Callable[[], asyncio.Protocol]) -> None:
        self._begin = begin
        self._accepted: WeakSet[_Newcomer] = WeakSet()
        self._line: deque[_Newcomer] = deque()

    def __len__(self) -> int:
        return len(self._accepted)

    def next(self) -> asyncio.Protocol:
        """Make the protocol of the next connection, which is replaced when its turn comes."""
        newcomer = _Newcomer(self._stand_in_line)
        self._accepted.add(newcomer)
        return newcomer

    def _stand_in_line(self, newcomer: "_Newcomer") -> None:
        self._line.append(newcomer)
        if len(self._line) == 1:
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        newcomer = self._line.popleft()
        if self._line:
            asyncio.get_running_loop().call_soon(self._turn)
        self._accepted.discard(newcomer)
        newcomer.begin(self._begin)


class _Newcomer(asyncio.Protocol):
    """Holds what a peer says before its connection has begun; no more than one read of it."""

    def __init__(self, stand_in_line: Callable[["_Newcomer"], None]) -> None:
        self._stand_in_line = stand_in_line
        self._transport: Any = None
        self._said = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Stand in line."""
        self._transport = transport
        self._stand_in_line(self)

    def data_received(self, data: bytes) -> None:
        """Keep what came, and read no more for now."""
        self._said += data
        self._transport.pause_reading()

    def begin(self, begin: Callable[[], asyncio.Protocol]) -> None:
        """Hand over the connection and what was said on it; one that was closed meanwhile is let go."""
        transport = self._transport
        if transport.is_closing():
            return
        protocol = begin()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        if self._said:
            transport.resume_reading()
            protocol.data_received(self._said)
