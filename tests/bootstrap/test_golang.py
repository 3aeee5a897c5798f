"""Go: the user's if new enough, else the pinned release from the module proxy, or a sentence."""

import asyncio
import hashlib
import io
import zipfile
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from scripts.bootstrap import golang
from scripts.bootstrap.machine import Answer
from scripts.bootstrap.refusal import Refusal

from .conftest import FakeMachine, MakeMachine

NAME = "golang.org/toolchain@v0.0.1-go1.26.8.linux-amd64"


def asked_version(here: FakeMachine, text: str) -> FakeMachine:
    here.answers["env", "GOTOOLCHAIN=local", "/usr/local/go/bin/go", "env", "GOVERSION"] = Answer(0, text)
    return here


def test_a_new_enough_go_is_used_as_it_is(machine: MakeMachine, clone: Path) -> None:
    here = asked_version(machine(programs={"go": "/usr/local/go/bin/go"}), "go1.26.0\n")
    assert golang.supply(here, clone) == Path("/usr/local/go/bin")


async def serve(archive: bytes) -> TestServer:
    async def answer(request: web.Request) -> web.Response:
        assert request.path == f"/{NAME.replace('@', '/@v/')}.zip"
        return web.Response(body=archive)

    application = web.Application()
    application.router.add_get("/{path:.*}", answer)
    server = TestServer(application)
    await server.start_server()
    return server


def release() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(f"{NAME}/bin/go", "#!/bin/sh\n")
        archive.writestr(f"{NAME}/VERSION", "go1.26.8")
    return content.getvalue()


async def test_an_old_go_is_replaced_by_the_pinned_release(machine: MakeMachine, clone: Path) -> None:
    server = await serve(release())
    pin = hashlib.sha256(release()).hexdigest()
    (clone / "tools/toolchain/go.txt").write_text(f"version 1.26.8\namd64 {pin}\n")
    environ = {"XDG_CACHE_HOME": str(clone), "GOPROXY": str(server.make_url(""))}
    here = asked_version(machine(programs={"go": "/usr/local/go/bin/go"}, environ=environ), "go1.19.8")
    folder = await asyncio.to_thread(golang.supply, here, clone)
    assert (folder / "go").stat().st_mode & 0o111
    assert folder == await asyncio.to_thread(golang.supply, here, clone)
    await server.close()


async def test_a_release_that_is_not_the_pinned_one_is_refused(machine: MakeMachine, clone: Path) -> None:
    server = await serve(release())
    here = machine(programs={}, environ={"XDG_CACHE_HOME": str(clone), "GOPROXY": str(server.make_url(""))})
    with pytest.raises(Refusal, match=r"not the file that tools/toolchain/go\.txt pins"):
        await asyncio.to_thread(golang.supply, here, clone)
    assert not list(here.cache.glob("go-*"))
    await server.close()


def test_an_architecture_without_a_pin_gets_a_sentence(machine: MakeMachine, clone: Path) -> None:
    with pytest.raises(Refusal, match=r"no known one for arm64: .*https://go\.dev/dl/"):
        golang.supply(machine(programs={}, architecture="arm64"), clone)
