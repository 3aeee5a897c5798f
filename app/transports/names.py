"""Which Host and Origin headers are ours (RFC 9110 section 7.2, RFC 6454 section 7).

Browsers do not apply CORS to WebSocket and DNS names can be rebound to 127.0.0.1, so these two
checks are what stands between a web page and a server on the same machine.
"""

import re
from collections.abc import Collection

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
"""Always ours, on any port: a rebound name is never one of them."""

_AUTHORITY = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?")
_ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<authority>[^/?#@\\]+)")


class Hosts:
    """The Host allow-list. An entry is `name`, `name:port` or `name:*`; the match is exact."""

    def __init__(self, allowed: Collection[str]) -> None:
        self._exact = frozenset(entry.lower() for entry in allowed)

    def admit(self, host: str) -> bool:
        """Tell whether a Host header names this server."""
        match = _AUTHORITY.fullmatch(host.lower())
        if match is None:
            return False
        name = match["name"]
        return name in LOOPBACK_NAMES or match[0] in self._exact or f"{name}:*" in self._exact


class Origins:
    """The Origin allow-list. An entry is `scheme://name[:port]`; the match is exact."""

    def __init__(self, allowed: Collection[str]) -> None:
        self._exact = frozenset(entry.lower().rstrip("/") for entry in allowed)

    def admit(self, origin: str) -> bool:
        """Tell whether pages of an origin may talk to this server; `null` never may."""
        match = _ORIGIN.fullmatch(origin.lower())
        if match is None:
            return False
        authority = _AUTHORITY.fullmatch(match["authority"])
        if authority is None:
            return False
        return authority["name"] in LOOPBACK_NAMES or match[0] in self._exact
