"""What a file is, going by its content and nothing else."""

import pytest

from app.files import kinds
from app.files.kinds import as_document, as_text, kind_of
from tests.app.files.samples import JPEG, MP4, PDF, PNG, office

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PNG, "image/png"),
        (JPEG, "image/jpeg"),
        (b"GIF87a" + bytes(8), "image/gif"),
        (b"GIF89a" + bytes(8), "image/gif"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        (MP4, "video/mp4"),
        (b"\0\0\0\x14ftypqt  " + bytes(8), "video/quicktime"),
        (b"\x1a\x45\xdf\xa3" + bytes(8), "video/webm"),
        (PDF, "application/pdf"),
        (office("word"), WORD),
        (office("xl"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (office("ppt"), "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(8), kinds.LEGACY_OFFICE),
        (b"#!/bin/sh\n", "text/plain"),
        ("größer, 更大".encode(), "text/plain"),
        (b"<svg onload='x'/>", "text/plain"),
        ("mit Marke".encode("utf-8-sig"), "text/plain"),
        ("breit".encode("utf-16"), "text/plain"),
    ],
)
def test_a_kind_is_known_by_its_first_bytes(content: bytes, kind: str) -> None:
    assert kind_of(content) == kind


@pytest.mark.parametrize(
    "content",
    [
        b"\x7fELF\x02\x01\x01" + bytes(8),
        b"MZ\x90\0" + bytes(8),
        b"text with a \0 in it",
        "größer".encode("latin-1"),
        b"RIFF\x10\0\0\0WAVEfmt ",
        office("other"),
        b"PK\x03\x04" + bytes(64),
        b"SQLite format 3\0",
        b"\x1f\x8b\x08" + bytes(8),
        b"\xff\xfe\x00\xd8",
    ],
)
def test_what_nobody_here_could_read_is_no_kind(content: bytes) -> None:
    assert kind_of(content) is None


@pytest.mark.parametrize("content", ["wide".encode("utf-16"), "wide".encode("utf-8-sig"), b"wide"])
def test_text_is_the_same_however_it_was_written_down(content: bytes) -> None:
    assert as_text(content) == "wide"


@pytest.mark.parametrize(
    ("name", "kind", "sent_as"),
    [
        ("a", WORD, ("a.docx", WORD)),
        ("a.DOCX", WORD, ("a.DOCX", WORD)),
        ("a.pdf.exe", kinds.PDF, ("a.pdf.exe.pdf", kinds.PDF)),
        ("old.xls", kinds.LEGACY_OFFICE, ("old.xls", "application/vnd.ms-excel")),
        ("old.PPT", kinds.LEGACY_OFFICE, ("old.PPT", "application/vnd.ms-powerpoint")),
        ("old", kinds.LEGACY_OFFICE, ("old.doc", "application/msword")),
        ("scan", "image/png", ("scan.png", "image/png")),
    ],
)
def test_a_document_has_the_name_and_the_type_that_vendors_know(
    name: str, kind: str, sent_as: tuple[str, str]
) -> None:
    assert as_document(name, kind) == sent_as
