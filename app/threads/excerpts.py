"""The part of a text that shows why a search found it."""

from collections.abc import Sequence

BEFORE = 80
AFTER = 220
"""Characters around the first word that was looked for."""


def excerpt(text: str, words: Sequence[str]) -> str:
    """Return one line around the first of the words that were looked for, else the beginning."""
    folded = text.casefold()
    found = [at for at in (folded.find(word) for word in words) if at >= 0]
    middle = min(found, default=0)
    start, end = max(0, middle - BEFORE), middle + AFTER
    line = " ".join(text[start:end].split())
    return f"{'…' if start else ''}{line}{'…' if end < len(text) else ''}"
