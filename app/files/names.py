"""Names of files as they are shown: no folders, nothing that a terminal or a reader is fooled by."""

import re
import unicodedata

LONGEST = 120
"""Characters of a name that are kept, its last ones among them."""

LONGEST_ENDING = 12

UNNAMED = "file"

_FOLDERS = re.compile(r"[/\\]")
_UNSHOWN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
"""Unicode categories that have no glyph: controls, directions, joiners, private use, line ends."""


def shown(name: str) -> str:
    """Return a name that is safe to show, the last part of a path if it was one."""
    last = _FOLDERS.split(name.strip())[-1]
    kept = "".join(
        letter
        for letter in unicodedata.normalize("NFC", last)
        if unicodedata.category(letter) not in _UNSHOWN
    ).strip()
    if len(kept) > LONGEST:
        ending = kept[-LONGEST_ENDING:]
        kept = f"{kept[: LONGEST - len(ending) - 1]}…{ending}"
    return kept or UNNAMED
