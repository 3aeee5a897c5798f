"""What differs between two states of a resource, field by field, as far as Pulumi lets it be seen."""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from policy import secrets

UNKNOWN = "known only during the update"
HIDDEN = "a text that looks like a secret"
SECRET = "[secret]"  # noqa: S105 - what Pulumi writes in a secret's place
_UNKNOWN = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
"""What Pulumi writes for a value that is not known yet (sdk/go/common/resource/plugin/rpc.go)."""
DEFAULTS = "__defaults"
"""Where the provider lists the inputs that it filled in itself."""
STEP = re.compile(r"\[\d+\]|[^.\[\]]+")
_INTERNAL = "__"
"""How keys start that are the provider's own bookkeeping."""


@dataclass(frozen=True)
class Difference:
    """One field, such as `envs[2]`; `forces` says that it makes Pulumi replace the resource."""

    field: str
    before: Any
    after: Any
    forces: bool = False


def between(
    old: Mapping[str, Any], new: Mapping[str, Any], *, told: Collection[str], forcing: Collection[str]
) -> list[Difference]:
    """Compare the inputs of two states: `told` are those Pulumi names, `forcing` those that make it replace.

    What does not differ visibly is named too: a secret, or a value that waits for another resource.
    """
    before, after = old.get("inputs") or {}, new.get("inputs") or {}
    found = [
        _difference(path, left, right, _root(path) in forcing) for path, left, right in _walk(before, after)
    ]
    outputs = old.get("outputs") or {}
    for name in sorted({*told, *forcing} - {_root(one.field) for one in found}):
        left, right = outputs.get(name, before.get(name)), after.get(name)
        found.append(_difference(name, left, right, name in forcing))
    return found


def found(names: Collection[str], old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    """Return outputs as they were recorded and as they were found, by paths such as `taskSpec.env[0]`."""
    before, after = old.get("outputs") or {}, new.get("outputs") or {}
    return [_difference(name, _at(before, name), _at(after, name)) for name in sorted(names)]


def said(value: Any) -> str:
    """Write a value for people: what stands for one as it is, any other as JSON."""
    if value is None:
        return "none"
    standing_in = value in (UNKNOWN, SECRET, HIDDEN)
    return str(value) if standing_in else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _difference(field: str, before: Any, after: Any, forces: bool = False) -> Difference:
    return Difference(field, _safe(field, before), _safe(field, after), forces)


def _safe(field: str, value: Any) -> Any:
    """Return what may be shown: somebody may have put a secret where none belongs, by hand."""
    if not isinstance(value, str):
        return _shown(value)
    name, separator, text = value.partition("=")
    named = secrets.is_secret(field.rpartition(".")[2], value) or (
        separator and secrets.is_secret(name, text)
    )
    return HIDDEN if named else _shown(value)


def _at(value: Any, path: str) -> Any:
    for step in STEP.findall(path):
        key = int(step[1:-1]) if step.startswith("[") else step
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def said_by_the_program(value: Any) -> Any:
    """Return inputs without what the provider filled in, such as a generated name."""
    if isinstance(value, Mapping):
        filled_in = {*value.get(DEFAULTS, ()), DEFAULTS}
        return {key: said_by_the_program(item) for key, item in value.items() if key not in filled_in}
    return [said_by_the_program(item) for item in value] if _is_list(value) else _shown(value)


def _walk(left: Any, right: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield the deepest places that differ, in the order of their names."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        for key in sorted(set(left) | set(right)):
            if not key.startswith(_INTERNAL):
                yield from _walk(left.get(key), right.get(key), f"{path}.{key}" if path else key)
    elif _is_list(left) and _is_list(right) and len(left) == len(right):
        for index, (one, other) in enumerate(zip(left, right, strict=True)):
            yield from _walk(one, other, f"{path}[{index}]")
    elif left != right:
        yield path, left, right


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _shown(value: Any) -> Any:
    """Return the value without bookkeeping, and with words where there is none yet."""
    if isinstance(value, str):
        return UNKNOWN if value in _UNKNOWN else value
    if isinstance(value, Mapping):
        return {key: _shown(item) for key, item in value.items() if not key.startswith(_INTERNAL)}
    return [_shown(item) for item in value] if _is_list(value) else value


def _root(path: str) -> str:
    return path.partition(".")[0].partition("[")[0]
