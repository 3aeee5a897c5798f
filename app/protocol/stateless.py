"""What every result of the stateless revision carries, and `server/discover`.

Source: specification 2026-07-28, basic "Responses" and basic/versioning.
"""

from collections.abc import Callable
from typing import Any

import orjson

from app.protocol.call import Call
from app.protocol.metadata import SERVER_INFO
from app.protocol.revisions import STATELESS_REVISIONS

Decorate = Callable[[dict[str, Any]], dict[str, Any]]

LIST_MILLISECONDS = 300_000
"""How long a client may keep our lists: they change only with a new release."""

_LISTED = {"ttlMs": LIST_MILLISECONDS, "cacheScope": "private"}
HINTS: dict[str, dict[str, Any]] = {
    "server/discover": _LISTED,
    "tools/list": _LISTED,
    "prompts/list": _LISTED,
    "resources/list": _LISTED,
    "resources/templates/list": _LISTED,
    "resources/read": {"ttlMs": 0, "cacheScope": "private"},
}
"""The cache hints results must carry. Lists may differ by who asks, so no shared cache may keep them."""


class Stateless:
    """Decorates results, and describes this server to who asks."""

    def __init__(
        self, *, server_info: dict[str, Any], instructions: str, capabilities: dict[str, Any]
    ) -> None:
        self._info = orjson.Fragment(orjson.dumps(server_info))
        self._description = {
            "supportedVersions": list(STATELESS_REVISIONS),
            "capabilities": capabilities,
            "instructions": instructions,
        }

    def discover(self, _call: Call, _params: dict[str, Any]) -> dict[str, Any]:
        """Answer `server/discover`."""
        return self._description

    def decorate(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Add the kind of result and who made it, without touching the answer itself."""
        meta = answer.get("_meta")
        info = {SERVER_INFO: self._info} if meta is None else {**meta, SERVER_INFO: self._info}
        return {"resultType": "complete", **answer, "_meta": info}
