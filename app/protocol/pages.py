"""Lists in pages with opaque cursors (specification: server/utilities/pagination)."""

import base64
from collections.abc import Sequence
from typing import Any

from app.protocol.errors import InvalidParams

PAGE_SIZE = 50
"""Entries a page: above our own twelve tools, below what a client would choke on."""


class Pages:
    """One list, cut into pages once, each ready to be answered."""

    def __init__(self, key: str, entries: Sequence[Any], page_size: int = PAGE_SIZE) -> None:
        self._pages: dict[str, dict[str, Any]] = {}
        starts = range(0, len(entries), page_size) if entries else range(1)
        for start in starts:
            page: dict[str, Any] = {key: list(entries[start : start + page_size])}
            if start + page_size < len(entries):
                page["nextCursor"] = _cursor(key, start + page_size)
            self._pages[_cursor(key, start) if start else ""] = page

    def at(self, cursor: object) -> dict[str, Any]:
        """Return the page a cursor points at; the first one without a cursor.

        Raises:
            InvalidParams: the cursor is not one of ours.
        """
        if cursor is None:
            return self._pages[""]
        page = self._pages.get(cursor) if isinstance(cursor, str) and cursor else None
        if page is None:
            raise InvalidParams("This cursor is unknown; start the list again without one.")
        return page


def _cursor(key: str, start: int) -> str:
    return base64.urlsafe_b64encode(f"{key}:{start}".encode()).decode().rstrip("=")
