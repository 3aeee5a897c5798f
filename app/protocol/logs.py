"""Log messages for the client (specification: server/utilities/logging; RFC 5424 severities)."""

from typing import Any

from app.protocol.errors import InvalidParams

LEVELS = {
    name: rank
    for rank, name in enumerate(
        ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency")
    )
}
"""From the least severe to the most."""

DEFAULT_LEVEL = "info"
"""What a session gets that never asked; the specification leaves it to the server."""


def level_in(params: dict[str, Any]) -> str:
    """Return the level named by `logging/setLevel`.

    Raises:
        InvalidParams: there is no such level.
    """
    level = params.get("level")
    if type(level) is not str or level not in LEVELS:
        raise InvalidParams(f"'level' must be one of {', '.join(LEVELS)}.")
    return level
