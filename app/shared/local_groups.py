"""Groups of one process: members of which the longest unused give way."""

from collections import OrderedDict
from collections.abc import Callable

from app.shared.protocol import Kept

MOST_GROUPS = 10_000
"""Past it the group that was longest left alone goes."""


class LocalGroups:
    """Bounded groups of bounded members; see `Shared` for the meaning of each method."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        # By group, the longest untouched first: when it ends, and (value, when kept) by member.
        self._groups: OrderedDict[str, tuple[float, OrderedDict[str, tuple[bytes, float]]]] = OrderedDict()

    def keep(self, group: str, member: str, value: bytes, *, most: int, seconds: float) -> list[str]:
        """Put a member into a group, or refresh it; returns who had to leave."""
        now = self._clock()
        members = self._members(group)
        members[member] = (value, now)
        members.move_to_end(member)
        self._groups[group] = (now + seconds, members)
        self._groups.move_to_end(group)
        while len(self._groups) > MOST_GROUPS:
            self._groups.popitem(last=False)
        return [members.popitem(last=False)[0] for _ in range(len(members) - most)]

    def kept(self, group: str, member: str) -> Kept | None:
        """Return a member; None when it is not there."""
        found = self._members(group).get(member)
        return None if found is None else Kept(found[0], self._clock() - found[1])

    def drop(self, group: str, member: str) -> None:
        """Take a member out of a group."""
        self._members(group).pop(member, None)

    def clear(self) -> None:
        """Forget everything."""
        self._groups.clear()

    def _members(self, group: str) -> OrderedDict[str, tuple[bytes, float]]:
        ends, members = self._groups.get(group, (0.0, OrderedDict()))
        return members if ends > self._clock() else OrderedDict()
