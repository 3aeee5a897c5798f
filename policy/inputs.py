"""A resource's inputs as plain values, with a mark where a value is not known yet.

Two callers fill it: the pack, which the engine asks about every resource of any program, and `infra.guard`,
which looks at the resources of this one while it declares them. The rules know neither.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final


class NotYetKnown(Exception):  # noqa: N818 - names what is the case: nothing is wrong
    """A value that only the update will know was asked for; the rule has nothing to say before that."""


class _Unknown:
    """The mark for a value that only the update will know."""


UNKNOWN: Final = _Unknown()


@dataclass(frozen=True)
class Resource:
    """One resource: `type` and `inputs` as Pulumi writes them; `within` is the type of its parent."""

    type: str
    name: str
    inputs: Mapping[str, Any]
    within: str = ""
    protect: bool = False

    @property
    def kind(self) -> str:
        """The last word of its type, such as `Container`."""
        return self.type.rpartition(":")[2]


def at(value: Any, *path: str) -> Any:
    """Follow the keys down and return what is there, None where nothing is.

    Raises:
        NotYetKnown: the value, or something on the way to it, is for the update to know.
    """
    for key in path:
        if not isinstance(known(value), Mapping):
            return None
        value = value.get(key)
    return known(value)


def each(value: Any, *path: str) -> Iterator[Any]:
    """Yield the items of a list, without those that only the update will know."""
    found = at(value, *path)
    if isinstance(found, Sequence) and not isinstance(found, str):
        yield from (item for item in found if item is not UNKNOWN)


def known(value: Any) -> Any:
    """Return a value as it is.

    Raises:
        NotYetKnown: there is none yet.
    """
    if value is UNKNOWN:
        raise NotYetKnown
    return value
