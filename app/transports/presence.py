"""Which replicas are alive: each says so in the shared state, every few seconds.

A replica that drains finishes what it has begun; one that is killed says nothing, and this silence is
how the others learn that nobody finishes it.
"""

import asyncio
import logging
import secrets
from typing import Protocol

BEAT_SECONDS = 2.0
"""How often a replica says that it is there."""

GONE_SECONDS = 6.0
"""How long it may be silent before it counts as gone: three beats."""

MOST_REPLICAS = 1000
"""Names that are remembered; every start of a replica makes a new one, and the oldest give way."""

KEEP_SECONDS = 3600.0
"""How long they are remembered after the last beat of any replica."""

NAME_BYTES = 9

_GROUP = "replicas"

logger = logging.getLogger(__name__)


class Sign(Protocol):
    """What is kept of a replica."""

    @property
    def seconds_ago(self) -> float:
        """How long ago it said that it is there."""


class Groups(Protocol):
    """The part of the shared state that keeps groups of members."""

    async def keep(self, group: str, member: str, value: bytes, *, most: int, seconds: float) -> list[str]:
        """Put a member into a group, or refresh it."""

    async def kept(self, group: str, member: str) -> Sign | None:
        """Return a member; None when it is not there."""


class Presence:
    """This replica among the others; `run` must run for it to count as alive."""

    def __init__(self, groups: Groups) -> None:
        self.name = secrets.token_urlsafe(NAME_BYTES)
        self._groups = groups

    async def run(self) -> None:
        """Say that this replica is there, until cancelled."""
        while True:
            try:
                await self._groups.keep(_GROUP, self.name, b"", most=MOST_REPLICAS, seconds=KEEP_SECONDS)
            except Exception as error:  # noqa: BLE001 - the next beat may get through
                logger.warning("the other replicas could not be told that this one is there: %s", error)
            await asyncio.sleep(BEAT_SECONDS)

    async def gone(self, name: str) -> bool:
        """Tell whether a replica was there and has fallen silent; one that is not known may be alive.

        After the shared state was away every replica seems silent for a beat: who acts on this asks twice.
        """
        sign = await self._groups.kept(_GROUP, name)
        return sign is not None and sign.seconds_ago > GONE_SECONDS
