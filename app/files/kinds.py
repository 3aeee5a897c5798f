"""What a file is, by its first bytes: neither its name nor what its sender calls it counts.

Only what somebody here can read is known: text, the images and videos that vendors document, and the
documents that their extraction takes.
"""

import codecs
from collections.abc import Callable

TEXT = "text/plain"
PDF = "application/pdf"
_OFFICE = "application/vnd.openxmlformats-officedocument"
_ZIPPED = {
    b"word/": f"{_OFFICE}.wordprocessingml.document",
    b"xl/": f"{_OFFICE}.spreadsheetml.sheet",
    b"ppt/": f"{_OFFICE}.presentationml.presentation",
}
"""Office documents by the folder that their parts lie in (ECMA-376)."""

LEGACY_OFFICE = "application/x-ole-storage"
"""Word, Excel and PowerPoint before 2007: one container, whose inside only an extraction looks into."""

DOCUMENTS = frozenset({PDF, LEGACY_OFFICE, *_ZIPPED.values()})
IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
VIDEOS = frozenset({"video/mp4", "video/quicktime", "video/webm"})

READABLE = "text in UTF-8, PNG, JPEG, GIF, WebP, MP4, MOV, WebM, PDF, or an Office document"

_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}

ZIP_LOOK_BYTES = 1024 * 1024
"""How far into a ZIP its parts' names are looked for; the first of them decide."""


def _mp4(content: bytes) -> str:
    return "video/quicktime" if content[8:12] == b"qt  " else "video/mp4"


def _webp(content: bytes) -> str | None:
    return "image/webp" if content[8:12] == b"WEBP" else None


def _zipped(content: bytes) -> str | None:
    beginning = content[:ZIP_LOOK_BYTES]
    if b"[Content_Types].xml" not in content:
        return None
    found = {beginning.find(part): kind for part, kind in _ZIPPED.items() if part in beginning}
    return found[min(found)] if found else None


Kind = str | None | Callable[[bytes], str | None]

_SIGNATURES: tuple[tuple[int, bytes, Kind], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"RIFF", _webp),
    (4, b"ftyp", _mp4),
    (0, b"\x1a\x45\xdf\xa3", "video/webm"),
    (0, b"%PDF-", PDF),
    (0, b"PK\x03\x04", _zipped),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", LEGACY_OFFICE),
)
"""(offset, bytes, media type), as the formats' own specifications give them."""


def kind_of(content: bytes) -> str | None:
    """Return the media type of some content; None when nobody here could read it."""
    for offset, signature, kind in _SIGNATURES:
        if content.startswith(signature, offset):
            return kind(content) if callable(kind) else kind
    return TEXT if as_text(content) is not None else None


def as_text(content: bytes) -> str | None:
    """Decode text in UTF-8, or with a mark at its beginning in UTF-16; None when it is no text."""
    encoding = next((name for mark, name in _BOMS.items() if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


_ENDINGS = {
    ".pdf": PDF,
    ".docx": _ZIPPED[b"word/"],
    ".xlsx": _ZIPPED[b"xl/"],
    ".pptx": _ZIPPED[b"ppt/"],
    ".png": "image/png",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
}
_LEGACY_ENDINGS = {
    ".doc": "application/msword",
    ".xls": "application/vnd.ms-excel",
    ".ppt": "application/vnd.ms-powerpoint",
}


def as_document(name: str, media_type: str) -> tuple[str, str]:
    """Return a document's name and type as vendors know them, who go by the one or by the other.

    Of an Office document from before 2007 only its name tells which it is; without a telling one it is taken
    for Word's.
    """
    if media_type == LEGACY_OFFICE:
        ending = next((one for one in _LEGACY_ENDINGS if name.lower().endswith(one)), ".doc")
        media_type = _LEGACY_ENDINGS[ending]
    else:
        ending = next((one for one, kind in _ENDINGS.items() if kind == media_type), "")
    return (name if name.lower().endswith(ending) else f"{name}{ending}"), media_type
