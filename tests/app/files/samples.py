"""Smallest contents that are what they say, by their first bytes."""

import base64
import io
import zipfile
from typing import Any

PNG = b"\x89PNG\r\n\x1a\n" + bytes(24)
JPEG = b"\xff\xd8\xff\xe0" + bytes(16)
PDF = b"%PDF-1.7\n1 0 obj << /Type /Page >> endobj 2 0 obj << /Type /Page >> endobj << /Type /Pages >>\n"
MP4 = b"\x00\x00\x00\x18ftypisom" + bytes(8)


def office(folder: str) -> bytes:
    """An Office document with a part in this folder."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(f"{folder}/part.xml", "<part/>")
    return made.getvalue()


def given(content: bytes, name: str = "") -> dict[str, Any]:
    """A file as a tool's argument."""
    file = {"base64": base64.b64encode(content).decode()}
    return file | {"name": name} if name else file
