"""`documents`: read once, asked about as text, returned in parts, refused with a figure."""

import pytest

from app.files import kinds
from app.providers.errors import Kind, ProviderError
from app.threads.attachments import reading_id
from app.tools.readings import MAX_READINGS
from tests.app.files.samples import MP4, PDF, PNG, given, office
from tests.app.jobs.conftest import Bench, MakeBench
from tests.app.tools.conftest import Ask


async def test_a_question_is_answered_from_the_text_of_a_document(bench: Bench, ask: Ask) -> None:
    text, result = await ask("documents", files=[given(PDF, "report.pdf")], question="what does it say?")

    shown = bench.gateway.requests[0].messages[-1]
    assert shown.text == '<file name="report.pdf">\nWhat the document says.\n</file>\n\nwhat does it say?'
    assert shown.media == ()
    (document,) = bench.extraction.documents
    assert (document.media_type, document.name, document.content) == (kinds.PDF, "report.pdf", PDF)
    assert text.startswith("the answer")
    assert result["_meta"]["exai/cost-nano-usd"] == bench.extraction.cost + 10 * 950 + 5 * 4000


async def test_a_document_is_read_and_paid_for_once(bench: Bench, ask: Ask) -> None:
    _, first = await ask("documents", files=[given(PDF, "r.pdf")], question="one?")
    await ask("documents", files=[given(PDF, "again.pdf")], question="two?")
    await ask("chat", prompt="three?", thread=first["_meta"]["exai/thread"])
    await ask("chat", prompt="four?", files=[given(PDF)])

    assert len(bench.extraction.documents) == 1
    for request in bench.gateway.requests:
        assert "What the document says." in "\n".join(message.text for message in request.messages)


async def test_what_was_read_goes_with_the_thread(bench: Bench, ask: Ask) -> None:
    _, first = await ask("documents", files=[given(PDF)], question="one?")
    thread = first["_meta"]["exai/thread"]
    (prompt, answer) = await bench.store.turns("me", thread, after=0, most=9)
    assert answer.files == (reading_id(prompt.files[0]),)

    await ask("threads", action="delete", thread=thread, confirm=thread)
    await ask("documents", files=[given(PDF)], question="one?")

    assert len(bench.extraction.documents) == 2


async def test_without_a_question_the_text_is_returned_with_an_id_to_ask_about_it(
    bench: Bench, ask: Ask
) -> None:
    text, result = await ask("documents", files=[given(PDF, "r.pdf"), {"name": "n.txt", "content": "plain"}])

    assert text.startswith("# r.pdf\n\nWhat the document says.\n\n# n.txt\n\nplain\n\nNote: to ask about it")
    assert bench.gateway.requests == []
    assert await bench.store.threads("me", project=None, before=None, most=9) == []
    ids = dict(part.split(": ") for part in text.partition("again: ")[2].splitlines()[0].split("; "))
    await ask("chat", prompt="?", files=[{"id": ids["r.pdf"]}])
    assert "What the document says." in bench.gateway.requests[0].messages[-1].text
    assert result["_meta"]["exai/cost-nano-usd"] == bench.extraction.cost


async def test_plain_text_asks_no_vendor_and_leaves_no_job(bench: Bench, ask: Ask) -> None:
    text, result = await ask("documents", files=[{"name": "n.txt", "content": "plain"}])

    assert text.endswith("[0.00 USD · nothing kept]")
    assert "exai/job" not in result["_meta"]
    assert await bench.store.jobs("me", status=None, project=None, most=9) == []


async def test_a_long_text_comes_in_parts_that_make_the_whole(ask: Ask) -> None:
    lines = [f"line {number}" for number in range(9_000)]
    file = {"name": "n.txt", "content": "\n".join(lines)}
    seen, page = list[str](), 1
    while True:
        text, _ = await ask("documents", files=[file], page=page)
        assert len(text.encode()) < 40_000
        body, _, told = text.partition("\n\n[Part ")
        seen.append(body)
        if "This is the end.]" in told:
            break
        page += 1
        assert f'the same call with "page": {page}.]' in told

    assert page == 3
    assert "\n".join(seen).split("\n")[2:] == lines


@pytest.mark.parametrize(
    ("folder", "name", "sent_as"),
    [("word", "a", "a.docx"), ("xl", "b.xlsx", "b.xlsx"), ("ppt", "c.PPTX", "c.PPTX")],
)
async def test_office_documents_are_read_under_a_name_that_tells_their_kind(
    bench: Bench, ask: Ask, folder: str, name: str, sent_as: str
) -> None:
    await ask("documents", files=[given(office(folder), name)])

    assert bench.extraction.documents[0].name == sent_as


async def test_too_many_unread_documents_are_refused_before_any_is_read(bench: Bench, ask: Ask) -> None:
    files = [given(PDF + bytes([number]), f"{number}.pdf") for number in range(MAX_READINGS + 1)]

    text, result = await ask("documents", files=files)

    assert result["isError"]
    assert text.startswith(f"{MAX_READINGS + 1} documents would have to be read")
    assert bench.extraction.documents == []


async def test_an_empty_reading_says_what_to_do(bench: Bench, ask: Ask) -> None:
    bench.extraction.text = " \n"

    text, result = await ask("documents", files=[given(PDF, "scan.pdf")])

    assert result["isError"]
    assert text == "No text was found in 'scan.pdf': send its pages as images instead."


async def test_a_vendor_that_cannot_read_it_is_named(bench: Bench, ask: Ask) -> None:
    bench.extraction.fault = ProviderError(Kind.CONTENT, "Kimi refuses this file.", vendor="kimi")

    text, result = await ask("documents", files=[given(PDF)], question="?")

    assert result["isError"]
    assert text == "Kimi refuses this file."
    assert result["_meta"]["exai/cost-nano-usd"] == 0


async def test_a_document_that_no_vendor_takes_is_named_with_its_size(bench: Bench, ask: Ask) -> None:
    bench.extraction.able = False

    text, result = await ask("documents", files=[given(PDF, "r.pdf")])

    assert result["isError"]
    assert text == f"No vendor with a key reads 'r.pdf' (application/pdf, {len(PDF)} bytes): send its text."


async def test_without_a_key_the_variables_are_named(make: MakeBench) -> None:
    bench = make(with_key=frozenset())

    result = await bench.client().result(
        "tools/call", {"name": "documents", "arguments": {"files": [given(PDF, "r.pdf")]}}
    )

    assert "set KIMI_API_KEY or GLM_API_KEY" in result["content"][0]["text"]


async def test_a_scan_is_read_for_its_text_and_still_seen_as_an_image(bench: Bench, ask: Ask) -> None:
    text, result = await ask("documents", files=[given(PNG, "scan.png")])
    file = text.partition("scan.png: ")[2][:64]

    await ask("chat", prompt="what is it?", images=[{"id": file}])
    await ask("documents", question="?", files=[{"id": file}, given(PDF)])

    assert text.startswith("# scan.png\n\nWhat the document says.")
    assert result["_meta"]["exai/cost-nano-usd"] == bench.extraction.cost
    assert [media.media_type for media in bench.gateway.requests[0].messages[-1].media] == ["image/png"]
    assert [document.media_type for document in bench.extraction.documents] == ["image/png", kinds.PDF]


async def test_an_old_office_document_is_sent_as_what_its_name_says(bench: Bench, ask: Ask) -> None:
    await ask("documents", files=[given(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(8), "book.xls")])

    assert bench.extraction.documents[0].media_type == "application/vnd.ms-excel"


async def test_a_video_has_no_text(ask: Ask) -> None:
    text, result = await ask("documents", files=[given(MP4, "v.mp4")])

    assert result["isError"]
    assert text == "'v.mp4' is a video, which has no text: ask about it with a question."


async def test_a_reading_that_is_not_to_be_kept_is_not(bench: Bench, ask: Ask) -> None:
    await ask("documents", files=[given(PDF)], no_store=True)
    await ask("documents", files=[given(PDF)], no_store=True)

    assert len(bench.extraction.documents) == 2
