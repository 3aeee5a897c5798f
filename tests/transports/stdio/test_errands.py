"""Calls that name files by path, through the real bridge to the real server, and embedded."""

import asyncio
import hashlib
import os
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from app.transports.stdio_errands import INLINE_BYTES, MAX_WAITING, Errands
from app.transports.stdio_files import LocalFiles, inline
from tests.app.conftest import Server, Start, start
from tests.transports.peers import call, handshake, initialize, request
from tests.transports.stdio.peers import Command, stdio

__all__ = ["start"]

TOKENS = {"EXAI_TOKEN": "a-token-made-up-for-tests"}


@pytest.fixture
def url(start: Start) -> str:
    """The WebSocket of the real server, which has no vendor's key."""
    server: Server = start()
    found = server.url()
    server.wait_for("ready")
    return found.replace("http://", "ws://") + "/mcp"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "allowed").mkdir()
    (tmp_path / "allowed" / "small.md").write_text("a small file")
    (tmp_path / "allowed" / "large.txt").write_text("0123456789abcdef" * (INLINE_BYTES // 16 + 1))
    (tmp_path / "secret.txt").write_text("must not be read")
    return tmp_path / "allowed"


def read(*paths: Path | str, **more: object) -> dict[str, Any]:
    """A call that returns the text of files, which asks no vendor."""
    return call("documents", {"files": [{"path": str(path)} for path in paths], **more})


async def text_of(client: Command, message: dict[str, object]) -> str:
    reply = await client.exchange(message)
    return str(reply["error"]["message"] if "error" in reply else reply["result"]["content"][0]["text"])


async def test_a_file_on_the_clients_side_is_read_there_and_arrives(
    url: str, root: Path, tmp_path: Path
) -> None:
    arguments = ("--url", url, "--allow-root", str(root))
    async with stdio(*arguments, folder=tmp_path, environ=TOKENS) as client:
        await handshake(client)
        small = await text_of(client, read(root / "small.md"))
        large = await text_of(client, read(root / "large.txt"))
        outside = await text_of(client, read(root.parent / "secret.txt"))
        unchanged = await client.exchange(request("ping"))

    assert small.startswith("# small.md\n\na small file\n\n")
    assert large.startswith("# large.txt\n\n0123456789abcdef")
    digest = hashlib.sha256((root / "large.txt").read_bytes()).hexdigest()
    assert f"large.txt: {digest}" in large
    assert "leads outside the allowed folders" in outside
    assert unchanged["result"] == {}


async def test_what_is_not_to_be_kept_travels_within_the_call(url: str, root: Path, tmp_path: Path) -> None:
    arguments = ("--url", url, "--allow-root", str(root))
    (root / "huge.txt").write_text("x" * 3_000_000)
    async with stdio(*arguments, folder=tmp_path, environ=TOKENS) as client:
        await handshake(client)
        large = await text_of(client, read("large.txt", no_store=True))
        huge = await text_of(client, read("huge.txt", no_store=True))
        digest = hashlib.sha256((root / "large.txt").read_bytes()).hexdigest()
        unknown = await text_of(client, call("documents", {"files": [{"id": digest}]}))

    assert large.startswith("# large.txt\n\n0123456789abcdef")
    assert "'huge.txt' does not fit into the call" in huge
    assert unknown.startswith("There is no file ")


async def test_without_allowed_folders_the_bridge_says_how_to_name_one(
    url: str, root: Path, tmp_path: Path
) -> None:
    async with stdio("--url", url, folder=tmp_path, environ=TOKENS) as client:
        await handshake(client)
        refused = await text_of(client, read(root / "small.md"))
        served = await client.exchange(request("tools/list"))

    assert "no folder is allowed: add --allow-root FOLDER to the arguments of `exai-mcp stdio`" in refused
    assert len(served["result"]["tools"]) == 12


async def test_what_the_server_refuses_is_told_by_the_bridge(url: str, root: Path, tmp_path: Path) -> None:
    (root / "odd.bin").write_bytes(bytes(INLINE_BYTES + 1))
    async with stdio("--url", url, "--allow-root", str(root), folder=tmp_path, environ=TOKENS) as client:
        await handshake(client)
        refused = await text_of(client, read("odd.bin"))

    assert refused.startswith("The server did not take 'odd.bin': 'odd.bin' is nothing that could be read")


async def test_embedded_the_same_files_are_read_and_the_others_are_not(root: Path, tmp_path: Path) -> None:
    async with stdio("--allow-root", str(root), folder=tmp_path) as client:
        await handshake(client)
        large = await text_of(client, read("large.txt"))
        outside = await text_of(client, read("../secret.txt"))

    assert large.startswith("# large.txt\n\n0123456789abcdef")
    assert "leads outside the allowed folders" in outside


async def test_embedded_without_folders_says_how_to_name_one(root: Path, tmp_path: Path) -> None:
    async with stdio(folder=tmp_path) as client:
        await handshake(client)
        refused = await text_of(client, read(root / "small.md"))

    assert "--allow-root" in refused


async def test_other_calls_go_on_while_one_waits_for_its_file(url: str, root: Path, tmp_path: Path) -> None:
    os.mkfifo(root / "pipe")
    async with stdio("--url", url, "--allow-root", str(root), folder=tmp_path, environ=TOKENS) as client:
        await handshake(client)
        waiting = await client.begin(read("large.txt", "large.txt", "pipe"))
        pong = await client.exchange(request("ping"))
        refused = await client.receive(waiting)

    assert pong["result"] == {}
    assert "no plain file" in refused["error"]["message"]


async def test_a_folder_that_is_none_is_a_sentence_at_the_start(tmp_path: Path) -> None:
    async with stdio("--allow-root", str(tmp_path / "missing"), folder=tmp_path) as client:
        code, said = await client.exit()

    assert code == 64
    assert said == f"exai-mcp stdio: --allow-root {tmp_path / 'missing'} is no folder: correct the path.\n"


async def test_the_server_itself_reads_no_paths_and_says_both_ways(start: Start) -> None:
    server = start()
    found = server.url()
    server.wait_for("ready")

    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKENS['EXAI_TOKEN']}"}) as http,
        http.ws_connect(f"{found}/mcp", protocols=("mcp",)) as socket,
    ):
        await socket.send_json(initialize())
        await socket.receive_json()
        await socket.send_json(read("/etc/passwd"))
        result = (await socket.receive_json())["result"]

    assert result["isError"]
    assert result["content"][0]["text"].startswith("This server reads no paths")


class Errand:
    """Errands whose files come when `go` is set."""

    def __init__(self, root: Path) -> None:
        self.go = asyncio.Event()
        self.passed: list[object] = []
        self.refused: list[object] = []

        async def place(name: str, content: bytes) -> dict[str, object]:
            await self.go.wait()
            return inline(name, content)

        async def pass_on(request_id: object, _: dict[str, object]) -> None:
            self.passed.append(request_id)

        self.errands = Errands(
            LocalFiles([root]),
            lambda _: place,
            pass_on,
            lambda request_id, _: self.refused.append(request_id),
        )


async def test_a_call_that_is_cancelled_while_it_waits_is_never_passed_on(root: Path) -> None:
    errand = Errand(root)
    one, other = read("small.md"), read("small.md")
    errand.errands.run(one)
    errand.errands.run(other)
    await asyncio.sleep(0)

    dropped = [errand.errands.drop(one["id"]), errand.errands.drop("never there")]
    errand.go.set()
    await errand.errands.finished()

    assert dropped == [True, False]
    assert (errand.passed, errand.refused) == ([other["id"]], [])


async def test_more_calls_than_may_wait_are_refused(root: Path) -> None:
    errand = Errand(root)
    calls = [read("small.md") for _ in range(MAX_WAITING + 1)]
    for message in calls:
        errand.errands.run(message)

    assert errand.refused == [calls[-1]["id"]]
    await errand.errands.close()
    assert errand.passed == []
