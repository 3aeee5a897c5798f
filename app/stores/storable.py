"""What no database of ours can hold becomes the sign for it, U+FFFD, in every store alike.

PostgreSQL's text has no NUL, and no UTF-8 has lone surrogates; both come with texts of clients and vendors.
"""

import operator
from collections.abc import Mapping
from datetime import datetime
from types import NoneType
from typing import Any, TypeVar

from msgspec import Struct, structs

T = TypeVar("T")

_SIGN = "\ufffd"
_PLAIN = frozenset({int, float, bool, NoneType, bytes, datetime})


def storable(value: T) -> T:
    """Return a value, or one like it, whose every text can be stored; looks into records and collections."""
    return _storable(value)  # type: ignore[no-any-return]  # the same type comes out


def _storable(value: Any) -> Any:
    kind = type(value)
    if kind is str:
        return _text(value)
    if kind in _PLAIN:
        return value
    if kind is dict:
        return {_storable(key): _storable(one) for key, one in value.items()}
    if kind is list or kind is tuple:
        ones = [_storable(one) for one in value]
        return value if all(map(operator.is_, ones, value)) else kind(ones)
    if isinstance(value, Struct):
        changed = {}
        for name in value.__struct_fields__:
            old = getattr(value, name)
            # Most fields are plain, and looked at here because every operation of a store waits for this.
            if type(old) in _PLAIN or (type(old) is str and old.isascii() and "\0" not in old):
                continue
            if (new := _storable(old)) is not old:
                changed[name] = new
        return structs.replace(value, **changed) if changed else value
    if isinstance(value, Mapping):
        return _storable(dict(value))
    return value


def _text(text: str) -> str:
    if "\0" in text:
        text = text.replace("\0", _SIGN)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
