"""Where a request really comes from, when a proxy stands before us."""

import ipaddress
from collections.abc import Collection

from aiohttp import web

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Addresses:
    """Reads client addresses, believing `X-Forwarded-For` only from trusted proxies."""

    def __init__(self, trusted_proxies: Collection[str]) -> None:
        self._trusted: tuple[Network, ...] = tuple(ipaddress.ip_network(entry) for entry in trusted_proxies)

    def of(self, request: web.Request) -> str:
        """Return the address of the client, or of the nearest hop that is not a trusted proxy."""
        address = request.remote or "unknown"
        if not self._trusted:
            return address
        hops = [
            hop.strip() for line in request.headers.getall("X-Forwarded-For", []) for hop in line.split(",")
        ]
        while hops and self._is_trusted(address):
            address = hops.pop()
        return address

    def _is_trusted(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._trusted)
