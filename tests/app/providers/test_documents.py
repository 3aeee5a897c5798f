"""Documents become text: at the vendors, leaving nothing there, and here where they are text already."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator

import pytest
import stamina

from app.providers import plain_text, retries
from app.providers.errors import Kind, ProviderError
from app.providers.glm_layout import GlmLayout
from app.providers.kimi_files import KimiFiles
from app.providers.protocol import Extraction
from app.providers.requests import Media
from tests.app.providers.fake import Fake, serving

PDF = Media("application/pdf", b"%PDF-1.4 The secret of the demo.", "my salary.pdf")


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=retries.ATTEMPTS, cap=True):
        yield


@pytest.fixture
async def kimi(fake: Fake) -> AsyncIterator[KimiFiles]:
    connection = fake.connection("kimi")
    yield KimiFiles(connection)
    await connection.close()


@pytest.fixture
async def glm(fake: Fake) -> AsyncIterator[GlmLayout]:
    connection = fake.connection("glm")
    yield GlmLayout(connection)
    await connection.close()


@pytest.fixture(params=["kimi", "glm"])
def extraction(request: pytest.FixtureRequest) -> Extraction:
    found: Extraction = request.getfixturevalue(request.param)
    return found


async def test_a_document_becomes_text_within_its_price(extraction: Extraction) -> None:
    assert extraction.reads(PDF)
    extracted = await extraction.extract(PDF, request_id="request-1")

    assert "The secret of the demo." in extracted.text
    assert 0 <= extracted.cost <= extraction.most_cost(PDF)


def test_what_a_vendor_does_not_take_is_known_before(kimi: KimiFiles, glm: GlmLayout) -> None:
    word = Media("application/msword", b"x")
    huge = Media("image/png", bytes(11 * 1024 * 1024))

    assert (kimi.reads(word), glm.reads(word)) == (True, False)
    assert (kimi.reads(huge), glm.reads(huge)) == (True, False)
    assert not kimi.reads(Media("application/zip", b"x"))
    assert kimi.reads(Media("application/octet-stream", b"x", "A.PDF"))


async def test_nothing_is_left_at_kimi_and_the_name_of_the_document_stays_here(
    fake: Fake, kimi: KimiFiles
) -> None:
    await kimi.extract(PDF, request_id="request-1")

    assert not fake.files.kept
    (upload,) = [request["body"] for request in fake.bill.requests if request["path"].endswith("/files")]
    assert upload["filename"] == "exai-request-1.pdf"


@pytest.mark.parametrize("name", ["kimi-400-invalid", "kimi-500-server", "kimi-429-quota"])
async def test_nothing_is_left_at_kimi_when_the_text_cannot_be_had(
    fake: Fake, kimi: KimiFiles, name: str
) -> None:
    fake.scripts.queued["kimi-content"] = deque([name] * retries.ATTEMPTS)
    with pytest.raises(ProviderError):
        await kimi.extract(PDF, request_id="request-1")

    assert not fake.files.kept


@pytest.mark.parametrize("moment", range(1, 12))
async def test_nothing_is_left_at_kimi_whenever_the_caller_is_cancelled(
    fake: Fake, kimi: KimiFiles, moment: int
) -> None:
    extracting = asyncio.create_task(kimi.extract(PDF, request_id="request-1"))
    await asyncio.sleep(0.002 * (moment - 1))
    extracting.cancel()
    await asyncio.gather(extracting, return_exceptions=True)
    await kimi.close()

    assert not fake.files.kept


async def test_an_upload_that_is_refused_is_told_and_asked_again_where_it_may(
    fake: Fake, kimi: KimiFiles
) -> None:
    fake.scripts.queued["kimi-files"] = deque(["kimi-503", "ok", "kimi-400-invalid"])

    assert (await kimi.extract(PDF, request_id="request-1")).text
    with pytest.raises(ProviderError) as caught:
        await kimi.extract(PDF, request_id="request-1")
    assert caught.value.kind is Kind.REQUEST


async def test_a_full_account_says_so() -> None:
    async with serving(file_cap=0) as fake:
        connection = fake.connection("kimi")
        try:
            with pytest.raises(ProviderError, match="number of files you have uploaded exceeded 0"):
                await KimiFiles(connection).extract(PDF, request_id="request-1")
        finally:
            await connection.close()


async def test_what_glm_reads_costs_what_it_counted(fake: Fake, glm: GlmLayout) -> None:
    extracted = await glm.extract(PDF, request_id="request-1")

    (row,) = fake.bill.rows
    assert extracted.cost == (row.input + row.output) * 30


TEXTS = [
    (Media("text/plain", b"caf\xc3\xa9\r\nau lait"), "café\nau lait"),
    (Media("text/markdown", b"\xef\xbb\xbf# One"), "# One"),
    (Media("text/csv", "a;b\n1;2".encode("utf-16")), "a;b\n1;2"),
    (Media("text/plain; charset=gb18030", "中文".encode("gb18030")), "中文"),
    (Media("application/json", b'{"a": 1}'), '{"a": 1}'),
    (Media("application/octet-stream", b"print(1)", "a.PY"), "print(1)"),
    (Media("", b"x = 1", "b.toml"), "x = 1"),
    (
        Media("text/html", b"<html><head><title>T</title></head><body><h1>One &amp; two</h1>"
              b"<script>bad()</script><p>Three <b>four</b><br>five</p><style>p{}</style></body></html>"),
        "One & two\nThree four\nfive",
    ),
    (Media("application/octet-stream", b"<p>a<p>b", "c.html"), "a\nb"),
    (Media("text/plain", b""), ""),
]  # fmt: skip


@pytest.mark.parametrize(("document", "text"), TEXTS)
def test_what_is_text_already_is_read_here(document: Media, text: str) -> None:
    assert plain_text.is_text(document)
    assert plain_text.decode(document) == text


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (
            Media("text/plain", b"caf\xe9", "a.txt"),
            "a.txt is not UTF-8 text, so it was not read: save it as UTF-8",
        ),
        (Media("text/plain; charset=klingon", b"x"), "the document is not klingon text"),
        (Media("text/plain", b"MZ\x00\x00", "a.txt"), "a.txt holds binary data although its type is text"),
    ],
)
def test_what_only_calls_itself_text_is_refused_with_a_sentence(document: Media, words: str) -> None:
    with pytest.raises(plain_text.UnreadableTextError, match=words):
        plain_text.decode(document)


@pytest.mark.parametrize(
    "document", [PDF, Media("application/octet-stream", b"x", "a.exe"), Media("image/png", b"x")]
)
def test_what_is_no_text_is_left_to_the_vendors(document: Media) -> None:
    assert not plain_text.is_text(document)
