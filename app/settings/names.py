"""Whether the name of a variable is ours, or was meant to be."""

import difflib

from app import contract
from app.settings.variables import NEIGHBOURS, VARIABLES

NEAR_MISS = 0.85
"""difflib's ratio from which a foreign name is taken for a misspelt one of ours."""
_SHORT = {"PORT": "WS_PORT", "HOST": "WS_HOST"}
"""What other servers call it."""
_OURS = (
    *(variable.name for variable in VARIABLES),
    *(variable.file_name for variable in VARIABLES if variable.secret),
)
_KNOWN = frozenset(
    {
        *_OURS,
        *NEIGHBOURS,
        *(f"{image.upper()}_IMAGE" for image in (*contract.IMAGES, *contract.OBSERVABILITY_IMAGES)),
    }
)


def known(name: str) -> bool:
    """Tell whether the server or the stack program reads it, or a program whose names look like ours."""
    return name in _KNOWN


def meant(name: str) -> str | None:
    """Return the variable of ours that this name was probably meant to be; None for ours and foreign ones."""
    if name in _KNOWN:
        return None
    if name.upper() in _OURS:
        return name.upper()
    if name in _SHORT:
        return _SHORT[name]
    alike = [ours for ours in _OURS if ours[:1] == name[:1]]
    for ours in alike:
        if _lacks_one_word(name.split("_"), ours.split("_")):
            return ours
    close = difflib.get_close_matches(name, alike, n=1, cutoff=NEAR_MISS)
    return close[0] if close else None


def meant_beside(name: str, others: frozenset[str]) -> str | None:
    """Like `meant`, for an environment that other programs share: PORT is theirs where WS_PORT is set too."""
    found = meant(name)
    return None if name in _SHORT and found in others else found


def _lacks_one_word(words: list[str], ours: list[str]) -> bool:
    """KIMI_KEY for KIMI_API_KEY: one word left out behind the first, and two still there."""
    return len(words) > 1 and any(words == ours[:i] + ours[i + 1 :] for i in range(1, len(ours) - 1))
