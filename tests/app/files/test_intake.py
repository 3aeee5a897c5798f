"""Files taken in: judged by content, kept once, counted, and refused with the reason."""

import base64
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from app.files.arguments import GivenFile
from app.files.errors import FileRefusedError, QuotaError
from app.files.intake import FileLimits, Intake
from app.files.quota import Quota
from app.files.urls import Urls
from app.shared.in_process import InProcess
from app.stores import NotFoundError
from app.stores.sqlite import SqliteStore
from tests.app.files.samples import PNG
from tests.app.jobs.scripted import FakeFetch

LIMITS = FileLimits(file_bytes=1_000, files_per_call=3, file_seconds=3600)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(tmp_path / "files.sqlite3")
    await store.open()
    yield store
    await store.close()


@pytest.fixture
def intake(store: SqliteStore) -> Intake:
    return Intake(store, Urls(["files.example"], FakeFetch()), Quota(InProcess(), 2_000), LIMITS)


def file(**given: Any) -> GivenFile:
    return GivenFile.model_validate(given)


async def test_a_file_is_named_by_its_content_and_kept_until_it_expires(
    intake: Intake, store: SqliteStore
) -> None:
    (taken,) = await intake.take("me", [file(name="dir/a.txt", content="hello")], keep=True)

    kept = await store.file("me", hashlib.sha256(b"hello").hexdigest())
    assert (taken.id, taken.name, taken.media_type, taken.content) == (
        kept.id,
        "a.txt",
        "text/plain",
        b"hello",
    )
    assert kept.expires is not None
    assert (kept.expires - kept.created).total_seconds() == pytest.approx(3600, abs=5)


async def test_what_is_not_to_be_kept_is_not(intake: Intake, store: SqliteStore) -> None:
    (taken,) = await intake.take("me", [file(content="hello")], keep=False)

    with pytest.raises(NotFoundError):
        await store.file("me", taken.id)


@pytest.mark.parametrize(
    "encoded",
    [
        base64.b64encode(PNG).decode(),
        f"data:image/png;base64,{base64.b64encode(PNG).decode()}",
        base64.encodebytes(PNG).decode(),
    ],
)
async def test_base64_is_taken_in_the_forms_that_models_write(intake: Intake, encoded: str) -> None:
    (taken,) = await intake.take("me", [file(base64=encoded)], keep=False)

    assert (taken.content, taken.media_type, taken.name) == (PNG, "image/png", "file 1")


async def test_text_is_kept_as_utf_8_however_it_came(intake: Intake) -> None:
    wide = base64.b64encode("größer".encode("utf-16")).decode()

    taken = await intake.take("me", [file(base64=wide), file(content="größer")], keep=False)

    assert [one.content for one in taken] == ["größer".encode()]


async def test_the_same_content_twice_is_one_file(intake: Intake) -> None:
    taken = await intake.take("me", [file(content="a"), file(content="b"), file(content="a")], keep=True)

    assert [one.content for one in taken] == [b"a", b"b"]


async def test_an_id_brings_back_what_was_kept_and_nothing_of_others(intake: Intake) -> None:
    kept = await intake.keep("me", "notes.md", b"hello")

    (taken,) = await intake.take("me", [file(id=kept.id, name="ignored")], keep=True)

    assert (taken.name, taken.content) == ("notes.md", b"hello")
    with pytest.raises(NotFoundError):
        await intake.take("you", [file(id=kept.id)], keep=True)


async def test_a_url_of_an_allowed_host_is_fetched_and_named_by_its_path(intake: Intake) -> None:
    (taken,) = await intake.take("me", [file(url="https://files.example/dir/page.html?x")], keep=False)

    assert (taken.name, taken.content) == ("page.html", b"fetched")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"content": "x" * 1_001}, "'file 1' has 1,001 bytes, more than the 1,000 a file may have"),
        ({"content": ""}, "'file 1' is empty"),
        ({"base64": ""}, "'file 1' is empty"),
        ({"base64": "?"}, "'file 1' is not base64"),
        (
            {"base64": "AAEC", "name": "a.exe"},
            "'a.exe' is nothing that could be read, going by its content: send",
        ),
        ({"path": "/etc/passwd"}, "This server reads no paths"),
        ({"url": "https://evil.example/"}, "The URL was not fetched because 'evil.example' is not among"),
    ],
)
async def test_what_is_not_taken_says_why(intake: Intake, given: dict[str, str], reason: str) -> None:
    with pytest.raises(FileRefusedError) as caught:
        await intake.take("me", [file(**given)], keep=True)

    assert str(caught.value).startswith(reason)


async def test_one_bad_file_keeps_the_others_from_being_kept(intake: Intake, store: SqliteStore) -> None:
    with pytest.raises(FileRefusedError):
        await intake.take("me", [file(content="good"), file(content="")], keep=True)

    with pytest.raises(NotFoundError):
        await store.file("me", hashlib.sha256(b"good").hexdigest())


async def test_too_many_files_are_counted_before_any_is_looked_at(intake: Intake) -> None:
    with pytest.raises(FileRefusedError, match="4 files are more than the 3 that one call may bring"):
        await intake.take("me", [file(content=f"{number}") for number in range(4)], keep=True)


async def test_an_hour_has_a_share_for_each_client(intake: Intake) -> None:
    await intake.keep("me", "a", b"a" * 999)
    await intake.keep("me", "b", b"b" * 999)

    with pytest.raises(QuotaError) as caught:
        await intake.keep("me", "c", b"c" * 999)
    await intake.keep("you", "c", b"c" * 999)
    await intake.take("me", [file(content="c" * 999)], keep=False)

    assert str(caught.value).startswith("Client 'me' has had 2,000 bytes of files kept within an hour")
    assert 0 < caught.value.seconds <= 3600


def test_a_path_refusal_says_both_ways() -> None:
    from app.files.intake import NO_PATHS

    assert [way for way in ("--allow-root", "content", "base64", "POST /files") if way not in NO_PATHS] == []


@pytest.mark.parametrize(
    "given", [{}, {"name": "a"}, {"content": "a", "path": "b"}, {"id": "x"}, {"id": "0" * 64, "base64": ""}]
)
def test_a_file_comes_in_exactly_one_way(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        file(**given)
