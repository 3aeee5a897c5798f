"""Calls that wait for their files: read here, put into the call or sent ahead, then passed on like any other.

Other messages go on meanwhile. A call that is cancelled while it waits is never passed on.
"""

import asyncio
from collections.abc import Awaitable, Callable

import orjson

from app.protocol import envelopes
from app.protocol.envelopes import RequestId
from app.protocol.errors import InvalidParams, ProtocolError
from app.transports.stdio_files import JSON, LocalFileError, LocalFiles, Place, inline, keeps_nothing

INLINE_BYTES = 256 * 1024
"""Files up to this size travel within the call, while half of what a message may have is not used up."""

MAX_WAITING = 64
"""Calls that wait for their files; the next one is refused."""

PassOn = Callable[[RequestId | None, JSON], Awaitable[None]]
Refuse = Callable[[RequestId | None, ProtocolError], None]
Upload = Callable[[str, bytes], Awaitable[str]]


class Errands:
    """Runs to fetch the files of calls, one task a call.

    `placing` returns for each call what is to be done with its files; `pass_on` takes it afterwards.
    """

    def __init__(
        self, files: LocalFiles, placing: Callable[[JSON], Place], pass_on: PassOn, refuse: Refuse
    ) -> None:
        self._files = files
        self._placing = placing
        self._pass_on = pass_on
        self._refuse = refuse
        self._running: dict[RequestId | None, asyncio.Task[None]] = {}

    def run(self, message: JSON) -> None:
        """Fetch the files of a call, then pass it on; what goes wrong is its answer."""
        request_id = envelopes.id_of(message)
        if len(self._running) >= MAX_WAITING or request_id in self._running:
            many = f"{len(self._running)} calls wait for files here: let one be answered, then call again."
            self._refuse(request_id, InvalidParams(many))
            return
        task = asyncio.create_task(self._run(request_id, message), name="files")
        self._running[request_id] = task
        task.add_done_callback(lambda _: self._running.pop(request_id, None))

    def __len__(self) -> int:
        return len(self._running)

    def drop(self, request_id: RequestId) -> bool:
        """Give a cancelled call up before it is passed on; tells whether it was still here."""
        task = self._running.get(request_id)
        return task is not None and task.cancel()

    async def finished(self) -> None:
        """Wait until every call has been passed on or answered."""
        while self._running:
            await asyncio.wait(self._running.values())

    async def close(self) -> None:
        """Give up what still waits."""
        for task in self._running.values():
            task.cancel()
        await self.finished()

    async def _run(self, request_id: RequestId | None, message: JSON) -> None:
        try:
            await self._files.bring(message, self._placing(message))
        except LocalFileError as error:
            self._refuse(request_id, InvalidParams(str(error)))
        else:
            await self._pass_on(request_id, message)


async def into_the_call(name: str, content: bytes) -> JSON:
    """Put a file into its call, whatever its size: there is no wire in between."""
    return inline(name, content)


class Travelling:
    """Puts the small files of one call into it and sends the others ahead, unless nothing may be kept."""

    def __init__(self, message: JSON, upload: Upload, max_message_bytes: int) -> None:
        self._upload = upload
        self._most = max_message_bytes
        self._room = max_message_bytes // 2
        self._within = keeps_nothing(message)

    async def place(self, name: str, content: bytes) -> JSON:
        """Return what stands for a file in the call.

        Raises:
            LocalFileError: it fits nowhere, or the server did not take it.
        """
        if self._within or len(content) <= INLINE_BYTES:
            put = inline(name, content)
            size = len(orjson.dumps(put))
            if size <= self._room:
                self._room -= size
                return put
        if self._within:
            raise LocalFileError(
                f"{name!r} does not fit into the call, where files must travel of which nothing is kept "
                f"(`no_store`): a message may have {self._most:,} bytes. Send less of it."
            )
        return {"id": await self._upload(name, content)}
