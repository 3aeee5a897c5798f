"""Processes with pipes: a client's end of stdio, and servers to bridge to."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson

from tests.transports.server import TOKEN

ROOT = Path(__file__).resolve().parents[3]
WAIT_SECONDS = 30
LINE_BYTES = 32 * 1024 * 1024
JSON = dict[str, Any]


def environment(**more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **more}


class Client:
    """One end of stdio; hands each answer to whoever asked, keeps the rest in `seen`.

    A line that is not JSON-RPC fails the test that reads it: stdout carries MCP only.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self._reader = reader
        self._asked: dict[Any, asyncio.Future[JSON]] = {}
        self._came = asyncio.Condition()
        self.seen: list[JSON] = []
        self.doubled: list[Any] = []
        self._reading = asyncio.create_task(self._read())

    async def exchange(self, message: JSON) -> JSON:
        """Send a request and return its answer."""
        return await self.receive(await self.begin(message))

    async def begin(self, message: JSON) -> asyncio.Future[JSON]:
        """Send a request; its answer comes with the future."""
        answer = self._asked[message["id"]] = asyncio.get_running_loop().create_future()
        await self.tell(message)
        return answer

    async def receive(self, answer: asyncio.Future[JSON]) -> JSON:
        async with asyncio.timeout(WAIT_SECONDS):
            await asyncio.wait({answer, self._reading}, return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                await self._reading
                raise AssertionError("stdout ended before the answer came")
            return answer.result()

    async def tell(self, message: Any) -> None:
        await self.write(orjson.dumps(message) + b"\n")

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def saw(self, method: str | None, times: int = 1) -> JSON:
        """Return the message of this method once it has come so often; None: an answer to nothing."""
        async with asyncio.timeout(WAIT_SECONDS), self._came:
            await self._came.wait_for(lambda: len(self._of(method)) >= times)
        return self._of(method)[times - 1]

    async def ended(self) -> None:
        """Return once stdout has ended."""
        async with asyncio.timeout(WAIT_SECONDS):
            await self._reading

    def close(self) -> None:
        self.writer.close()

    def _of(self, method: str | None) -> list[JSON]:
        return [message for message in self.seen if message.get("method") == method]

    async def _read(self) -> None:
        while line := await self._reader.readline():
            message = orjson.loads(line)
            assert message["jsonrpc"] == "2.0"
            if "method" in message or message.get("id") not in self._asked:
                async with self._came:
                    self.seen.append(message)
                    self._came.notify_all()
            elif (answer := self._asked[message["id"]]).done():
                self.doubled.append(message["id"])
            else:
                answer.set_result(message)


class Command(Client):
    """`exai-mcp stdio …` as a process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stderr is not None
        super().__init__(process.stdout, process.stdin)
        self.process = process
        self._telling = asyncio.create_task(process.stderr.read())

    async def exit(self) -> tuple[int, str]:
        """Wait for its end; return the exit code and what it said on stderr."""
        async with asyncio.timeout(WAIT_SECONDS):
            said = (await self._telling).decode()
            return await self.process.wait(), said


@asynccontextmanager
async def stdio(
    *arguments: str, folder: Path, environ: Mapping[str, str] | None = None
) -> AsyncIterator[Command]:
    """Start `exai-mcp stdio`; it is ended with the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "app", "stdio", *arguments),
        cwd=folder,
        env=environment(**(environ or {})),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=LINE_BYTES,
    )
    command = Command(process)
    try:
        yield command
    finally:
        if process.returncode is None:
            process.kill()
        await command.exit()
        command.close()


class FixtureServer:
    """The fixture server, started and stopped as often as a test likes, always on the same port."""

    def __init__(self, port: int, folder: Path) -> None:
        self.url = f"ws://127.0.0.1:{port}/mcp"
        self._port = port
        self._runs = folder / "runs.txt"
        self.processes: list[asyncio.subprocess.Process] = []

    async def start(self) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.transports.stdio.fixture_server", str(self._port), str(self._runs)),
            cwd=ROOT,
            env=environment(),
            stdout=asyncio.subprocess.PIPE,
        )
        self.processes.append(process)
        await self.says(process, "listening")
        return process

    async def says(self, process: asyncio.subprocess.Process, word: str) -> None:
        assert process.stdout is not None
        async with asyncio.timeout(WAIT_SECONDS):
            assert (await process.stdout.readline()).decode().strip() == word

    async def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End the latest process at once."""
        self.processes[-1].send_signal(number)
        async with asyncio.timeout(WAIT_SECONDS):
            await self.processes[-1].wait()

    @property
    def runs(self) -> list[str]:
        """What its tools were called with, in the order they ran."""
        return self._runs.read_text().split() if self._runs.exists() else []

    async def close(self) -> None:
        for process in self.processes:
            if process.returncode is None:
                process.kill()
            await process.wait()


TOKENS = {"EXAI_TOKEN": TOKEN}
