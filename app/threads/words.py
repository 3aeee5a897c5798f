"""Splits text into the words that search knows: one rule, two sides, the same in every store.

Both sides normalise alike (NFKC, case folded), so that `Straße` finds `STRASSE` and full-width letters find
narrow ones. A run of Chinese, Japanese or Korean characters has no spaces to split at: it becomes its
overlapping pairs. The index also keeps each such character alone, so that a query of one finds it.
Writing without spaces of other scripts (Thai, Lao, Khmer) is one word a run.
"""

import re
import unicodedata
from itertools import pairwise

LONGEST_WORD = 64
"""Characters kept of one word; encoded data is no word, and an index entry has a size limit in PostgreSQL."""
MOST_WORDS = 20_000
"""Different words kept of one turn; what only comes after them is not found."""
LONGEST_TEXT = 400_000
"""Characters of one turn that are looked at: about 50 ms of work, while everybody else waits."""
LONGEST_QUERY = 32
"""Different words of a query that are looked for."""

_UNSPACED = (
    "\u1100-\u11ff"  # Hangul letters
    "\u3005-\u3007"  # the repetition mark, the closing mark, zero
    "\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff"  # Hiragana, Katakana, without the dot between words
    "\u3100-\u312f\u31a0-\u31ff"  # Bopomofo, more Katakana
    "\u3130-\u318f"  # Hangul letters for compatibility
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Han
    "\ua960-\ua97f\uac00-\ud7ff"  # Hangul syllables and more letters
    "\U00020000-\U000323af"  # Han, the rare ones
)
_RUN = re.compile(rf"([{_UNSPACED}]+)|([^\W{_UNSPACED}]+)")


def index_words(text: str) -> list[str]:
    """Return the different words under which a text is found, in the order they first occur."""
    return _words(text, MOST_WORDS, alone=True)


def query_words(text: str) -> list[str]:
    """Return the words that a text must all hold to be found; empty when the query holds none."""
    return _words(text, LONGEST_QUERY, alone=False)


def _words(text: str, most: int, *, alone: bool) -> list[str]:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text[:LONGEST_TEXT]).casefold())
    found: dict[str, None] = {}
    for match in _RUN.finditer(folded):
        if run := match[1]:
            if alone or len(run) == 1:
                found.update(dict.fromkeys(run))
            found.update(dict.fromkeys(map("".join, pairwise(run))))
        else:
            found[match[2][:LONGEST_WORD]] = None
        if len(found) >= most:
            break
    return list(found)[:most]
