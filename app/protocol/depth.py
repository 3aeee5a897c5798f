"""How deeply a message may nest: code that walks what a peer sent must not be led without end."""

from typing import Any

MAX_DEPTH = 64
"""Levels of objects and arrays; arguments that people write have fewer than ten."""

_ARRAY = ord("[")
COUNTED = 4096
"""Longer messages are walked without counting their brackets first."""


def too_deep(message: Any, data: bytes, limit: int = MAX_DEPTH) -> bool:
    """Tell whether a decoded message nests deeper than `limit`.

    `data` is the text it was decoded from: one with no more brackets than `limit` cannot, and that
    spares nearly every small message the walk; in a large one counting costs more than the walk,
    which looks at containers only. The walk does not recurse.
    """
    if len(data) <= COUNTED and data.count(b"{") + (data.count(b"[") if _ARRAY in data else 0) <= limit:
        return False
    level = [message]
    for _ in range(limit):
        level = [
            child
            for parent in level
            for child in (parent.values() if type(parent) is dict else parent)
            if type(child) is dict or type(child) is list
        ]
        if not level:
            return False
    return True
