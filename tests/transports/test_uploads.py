"""`POST /files` behind the real guard, over a real store."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from app.contract import FILES_PATH
from app.files.intake import FileLimits, Intake
from app.files.quota import Quota
from app.files.urls import Urls
from app.shared.in_process import InProcess
from app.stores import StoreUnavailableError
from app.stores.records import File
from app.stores.sqlite import SqliteStore
from app.transports.guard import Guard
from app.transports.uploads import Uploads
from tests.app.files.samples import PNG
from tests.app.jobs.scripted import FakeFetch
from tests.transports.server import OTHER_TOKEN, TOKEN

MOST = 10_000


@dataclass
class Up:
    """A server that takes files, and a client of it."""

    uploads: Uploads
    store: SqliteStore
    http: aiohttp.ClientSession
    url: str

    async def send(
        self, data: Any = None, query: str = "", token: str = TOKEN, **more: Any
    ) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {token}"} | more.pop("headers", {})
        async with self.http.post(f"{self.url}{query}", data=data, headers=headers, **more) as answer:
            body: dict[str, Any] = await answer.json()
            return answer.status, body | {"retry": answer.headers.get("Retry-After")}


Start = Callable[..., Any]


@pytest.fixture
async def up(tmp_path: Path) -> AsyncIterator[Up]:
    store = SqliteStore(tmp_path / "files.sqlite3")
    await store.open()
    intake = Intake(
        store,
        Urls([], FakeFetch()),
        Quota(InProcess(), 3 * MOST),
        FileLimits(MOST, files_per_call=4, file_seconds=3600),
    )
    uploads = Uploads(intake.keep, max_file_bytes=MOST, upload_seconds=30, at_once=2)
    digests = {
        name: hashlib.sha256(token.encode()).digest() for name, token in (("me", TOKEN), ("you", OTHER_TOKEN))
    }
    app = web.Application(middlewares=[Guard(clients=digests).middleware], client_max_size=1_000)
    app.add_routes(uploads.routes())
    async with TestServer(app) as server, aiohttp.ClientSession() as http:
        yield Up(uploads, store, http, str(server.make_url(FILES_PATH)))
    await store.close()


async def kept(up: Up, file_id: str, principal: str = "me") -> File:
    return await up.store.file(principal, file_id)


async def test_a_body_is_kept_under_its_digest_and_told_about(up: Up) -> None:
    status, facts = await up.send(b"# Notes", "?name=dir/notes.md")

    assert status == 201
    assert facts["id"] == hashlib.sha256(b"# Notes").hexdigest()
    assert (facts["name"], facts["size"], facts["media_type"]) == ("notes.md", 7, "text/plain")
    file = await kept(up, facts["id"])
    assert (file.content, file.expires is not None) == (b"# Notes", True)
    assert facts["expires"] == file.expires.isoformat(timespec="seconds")  # type: ignore[union-attr]  # looked at above


async def test_a_form_is_kept_with_its_own_file_name(up: Up) -> None:
    form = aiohttp.FormData()
    form.add_field("purpose", "whatever")
    form.add_field("file", PNG, filename="Bild größer.png", content_type="application/x-lies")

    status, facts = await up.send(form)

    assert (status, facts["media_type"], facts["name"]) == (201, "image/png", "Bild größer.png")
    assert (await kept(up, facts["id"])).content == PNG


async def test_the_same_content_is_one_file_however_often_it_is_sent(up: Up) -> None:
    first = await up.send(b"same", "?name=a")
    second = await up.send(b"same", "?name=b")

    assert first[1]["id"] == second[1]["id"]
    assert second[1]["name"] == "a"


async def test_it_belongs_to_whoever_sent_it(up: Up) -> None:
    _, facts = await up.send(b"mine")

    await kept(up, facts["id"])
    with pytest.raises(Exception, match="There is no file"):
        await kept(up, facts["id"], "you")


async def test_without_a_token_nothing_is_read(up: Up) -> None:
    status, facts = await up.send(b"x", token="wrong")

    assert status == 401
    assert up.uploads.in_flight == 0
    assert "error" in facts


async def stream(*pieces: bytes, then: asyncio.Event | None = None) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
    if then is not None:
        await then.wait()


@pytest.mark.parametrize("chunked", [True, False])
async def test_what_is_too_large_is_refused_while_it_comes(up: Up, chunked: bool) -> None:
    body = b"x" * (MOST + 1)

    status, facts = await up.send(stream(body) if chunked else body)

    assert status == 413
    assert "10000 bytes" in facts["error"]


async def test_a_form_that_is_too_large_is_refused_while_it_comes(up: Up) -> None:
    form = aiohttp.FormData()
    form.add_field("file", b"x" * (MOST + 1), filename="x")

    status, facts = await up.send(form)

    assert status == 413
    assert facts["error"].startswith("The file is larger than the 10,000 bytes a file may have")


async def test_what_comes_too_slowly_is_refused(up: Up) -> None:
    never = asyncio.Event()
    up.uploads._seconds = 0.2

    status, facts = await up.send(stream(b"x", then=never))

    never.set()
    assert status == 408
    assert facts["error"].startswith("The body took longer than 0.2 s")


async def test_more_uploads_at_once_than_are_read_are_told_when_to_come_back(up: Up) -> None:
    go = asyncio.Event()
    slow = [asyncio.create_task(up.send(stream(b"slow %d" % number, then=go))) for number in range(2)]
    async with asyncio.timeout(5):
        while up.uploads.in_flight < 2:  # noqa: ASYNC110 - the server tells nobody that it has begun to read
            await asyncio.sleep(0.005)

    status, facts = await up.send(b"third")
    go.set()

    assert (status, facts["retry"]) == (503, "2")
    assert "nothing was kept" in facts["error"]
    assert {found[0] for found in await asyncio.gather(*slow)} == {201}


async def test_a_client_that_has_had_its_share_is_told_for_how_long(up: Up) -> None:
    for number in range(3):
        assert (await up.send(bytes([65 + number]) * MOST))[0] == 201

    status, facts = await up.send(b"D" * MOST)

    assert status == 429
    assert 0 < int(facts["retry"]) <= 3600
    assert (await up.send(b"D" * MOST, token=OTHER_TOKEN))[0] == 201


@pytest.mark.parametrize(
    ("data", "headers", "status", "sentence"),
    [
        (b"", {}, 400, "'file' is empty"),
        (b"\x7fELF\0\0", {}, 400, "'file' is nothing that could be read, going by its content"),
        (b"junk", {"Content-Type": "multipart/form-data; boundary=b"}, 400, "The form"),
        (
            b"--b\r\n\r\nx\r\n--b--\r\n",
            {"Content-Type": "multipart/form-data; boundary=b"},
            400,
            "The form holds no file",
        ),
        (b"junk", {"Content-Type": "multipart/form-data"}, 400, "The form cannot be read"),
        (
            b"junk",
            {"Content-Type": "multipart/mixed; boundary=b"},
            415,
            "Send the file as multipart/form-data",
        ),
    ],
)
async def test_what_is_no_file_is_one_sentence(
    up: Up, data: bytes, headers: dict[str, str], status: int, sentence: str
) -> None:
    found, facts = await up.send(data, headers=headers)

    assert found == status, facts
    assert facts["error"].startswith(sentence)


async def test_while_the_store_is_away_the_client_may_send_it_again(
    up: Up, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_: File) -> File:
        raise StoreUnavailableError("The store does not answer.")

    monkeypatch.setattr(up.store, "put_file", away)

    status, facts = await up.send(b"x", "?name=n")

    assert (status, facts["error"]) == (503, "'n' was not kept: The store does not answer.")


async def test_a_server_that_is_leaving_takes_no_more(up: Up) -> None:
    up.uploads._draining = lambda: True

    status, facts = await up.send(b"x")

    assert status == 503
    assert facts["error"].startswith("The server is shutting down and kept nothing")
