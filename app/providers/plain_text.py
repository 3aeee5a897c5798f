"""Reads documents that are text already, here and without a vendor: Markdown, CSV, JSON, HTML, code."""

import codecs
from html.parser import HTMLParser
from pathlib import PurePosixPath

from app.providers.requests import Media

TEXT_TYPES = frozenset(
    {
        "application/csv",
        "application/ecmascript",
        "application/javascript",
        "application/json",
        "application/ld+json",
        "application/sql",
        "application/toml",
        "application/x-httpd-php",
        "application/x-ndjson",
        "application/x-sh",
        "application/x-yaml",
        "application/xhtml+xml",
        "application/xml",
        "application/yaml",
        "image/svg+xml",
    }
)
_ENDINGS = """
bat c cc cfg cpp cs css csv cxx dart diff dockerfile ex exs go gradle graphql h hpp hs htm html ini java js
json jsonl jsx kt lock log lua m md mdx mjs ml patch php pl proto ps1 py pyi r rb rs rst sass scala scss sh
sql svelte swift tex tf toml ts tsx tsv txt vue xml yaml yml zig
"""
TEXT_ENDINGS = frozenset(_ENDINGS.split())
_SKIPPED = frozenset({"script", "style", "template", "noscript", "head"})
_BLOCKS = """
address article aside blockquote br dd div dl dt figure footer form h1 h2 h3 h4 h5 h6 header hr li main nav
ol p pre section table td th tr ul
"""
_BREAKING = frozenset(_BLOCKS.split())
"""Elements at which a page begins a new line."""
_HTML = frozenset({"text/html", "application/xhtml+xml"})
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_SAMPLE = 8192
"""Bytes that are looked at for what text never holds."""


class UnreadableTextError(ValueError):
    """A document that calls itself text and is none that can be read; one sentence with what to do."""


def is_text(document: Media) -> bool:
    """Whether a document is text by its type, or by its name where the type says nothing."""
    kind = _type(document)
    if kind.startswith("text/") or kind in TEXT_TYPES:
        return True
    ending = PurePosixPath(document.name.lower()).suffix.removeprefix(".")
    return kind in ("", "application/octet-stream") and ending in TEXT_ENDINGS


def decode(document: Media) -> str:
    """Return the text of such a document; of HTML what a reader sees of it.

    Raises:
        UnreadableTextError: it is not the text that it says it is.
    """
    text = _decoded(document)
    return _readable(text) if _type(document) in _HTML or _named_html(document) else text


def _decoded(document: Media) -> str:
    content = document.content
    encoding = next((name for mark, name in _BOMS if content.startswith(mark)), None)
    encoding = encoding or _charset(document.media_type)
    name = document.name or "the document"
    try:
        text = content.decode(encoding or "utf-8")
    except (UnicodeDecodeError, LookupError):
        stated = encoding or "UTF-8"
        raise UnreadableTextError(
            f"{name} is not {stated} text, so it was not read: save it as UTF-8, or name its real type."
        ) from None
    if "\0" in text[:_SAMPLE]:
        raise UnreadableTextError(
            f"{name} holds binary data although its type is text, so it was not read: name its real type."
        )
    return text.replace("\r\n", "\n")


def _type(document: Media) -> str:
    return document.media_type.partition(";")[0].strip().lower()


def _named_html(document: Media) -> bool:
    generic = _type(document) in ("", "application/octet-stream", "text/plain")
    return generic and document.name.lower().endswith((".html", ".htm"))


def _charset(media_type: str) -> str | None:
    for parameter in media_type.split(";")[1:]:
        name, _, value = parameter.strip().partition("=")
        if name.lower() == "charset":
            return value.strip("\"' ") or None
    return None


class _Reader(HTMLParser):
    """Keeps what is read, and breaks lines where a page does."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._skipping: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        del attrs
        if tag in _SKIPPED:
            self._skipping.append(tag)
        if tag in _BREAKING:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._skipping:
            del self._skipping[self._skipping.index(tag) :]
        if tag in _BREAKING:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._skipping:
            self.parts.append(data)


def _readable(html: str) -> str:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.parts).split("\n"))
    return "\n".join(line for line in lines if line)
