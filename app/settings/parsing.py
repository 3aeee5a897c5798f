"""From the text of one variable to its value; each parser raises ValueError with the rest of a sentence.

The sentence is completed by the caller: `WS_PORT is 'http', ` + `which is not a port: use 0 to 65535`.
"""

import ipaddress
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)")
_SECONDS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {
    "": 1,
    "b": 1,
    "kb": 1000,
    "mb": 1000**2,
    "gb": 1000**3,
    "k": 1024,
    "m": 1024**2,
    "g": 1024**3,
    "kib": 1024,
    "mib": 1024**2,
    "gib": 1024**3,
}  # fmt: skip - one row a system of units
MAX_PORT = 65535
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def text(value: str) -> str:
    """Take the value as it stands."""
    return value


def choice(*allowed: str, upper: bool = False) -> Callable[[str], str]:
    """Return a parser for one of a few words, whatever their case."""

    def parse(value: str) -> str:
        word = value.upper() if upper else value.lower()
        if word not in allowed:
            raise ValueError(f"which is not one of {', '.join(allowed)}: use one of them")
        return word

    return parse


def port(value: str) -> int:
    """Parse a TCP port; 0 asks the kernel for a free one."""
    if not value.isascii() or not value.isdigit() or int(value) > MAX_PORT:
        raise ValueError(f"which is not a port: use a whole number from 0 to {MAX_PORT}")
    return int(value)


def duration(value: str) -> float:
    """Parse `50s`, `2m`, `1h`, `500ms` or a plain number of seconds into seconds."""
    match = _QUANTITY.fullmatch(value.strip())
    if not match or match[2].lower() not in _SECONDS:
        raise ValueError("which is not a duration: write seconds or a unit, as 50s, 2m or 1h")
    return float(match[1]) * _SECONDS[match[2].lower()]


def size(value: str) -> int:
    """Parse `4MiB`, `500 kB` or a plain number of bytes into bytes, at least 1 KiB."""
    match = _QUANTITY.fullmatch(value.strip())
    if not match or match[2].lower() not in _BYTES:
        raise ValueError("which is not a size: write bytes or a unit, as 4MiB or 500kB")
    number = int(float(match[1]) * _BYTES[match[2].lower()])
    if number < 1024:  # no MCP handshake fits in less
        raise ValueError("which is too small for an MCP message: use at least 1KiB")
    return number


def days(value: str) -> int:
    """Parse a whole number of days, at least one."""
    if not value.isascii() or not value.isdigit() or int(value) < 1:
        raise ValueError("which is not a number of days: use a whole number, at least 1")
    return int(value)


def path(value: str) -> Path:
    """Parse a path; a relative one is completed by the caller."""
    return Path(value).expanduser()


def url(*schemes: str) -> Callable[[str], str]:
    """Return a parser for a URL of one of these schemes with a host; it never repeats the value."""

    def parse(value: str) -> str:
        wanted = " or ".join(f"{scheme}://" for scheme in schemes)
        try:
            parts = urlsplit(value)
            _ = parts.port
        except ValueError:
            raise ValueError(f"which is not a URL: write it as {schemes[0]}://host:port/path") from None
        if parts.scheme not in schemes or not (parts.hostname or parts.scheme == "unix"):
            raise ValueError(f"which is not a URL that begins with {wanted} and names a host: write it so")
        return value.rstrip("/") if parts.scheme in ("http", "https") else value

    return parse


def names(value: str) -> tuple[str, ...]:
    """Parse a comma-separated list; blanks around entries and empty entries are dropped."""
    return tuple(entry for entry in (part.strip() for part in value.split(",")) if entry)


def hosts(value: str) -> tuple[str, ...]:
    """Parse host names as they stand in a Host header: `name`, `name:port`, or `name:*` for any port."""
    found = names(value)
    for entry in found:
        if "/" in entry or "*" in entry.removesuffix(":*") or " " in entry:
            raise ValueError(
                f"of which {entry!r} is not a host name: write name, name:port or name:*, without scheme"
            )
    return tuple(entry.lower() for entry in found)


def origins(value: str) -> tuple[str, ...]:
    """Parse origins as browsers send them: scheme, host and port, nothing after."""
    found = names(value)
    for entry in found:
        parts = urlsplit(entry)
        if not parts.scheme or not parts.netloc or parts.path or parts.query or "*" in entry:
            raise ValueError(f"of which {entry!r} is not an origin: write it as https://app.example.com")
    return tuple(entry.lower() for entry in found)


def networks(value: str) -> tuple[Network, ...]:
    """Parse addresses and networks in CIDR form."""
    found = []
    for entry in names(value):
        try:
            found.append(ipaddress.ip_network(entry))
        except ValueError:
            raise ValueError(
                f"of which {entry!r} is no address or network: write 10.0.0.1 or 10.0.0.0/8"
            ) from None
    return tuple(found)


def token(value: str) -> str:
    """Accept what can travel in an Authorization header: printable ASCII without blanks (RFC 6750 §2.1)."""
    return _header_safe(value, "generate it with `openssl rand -hex 32`")


def copied(place: str) -> Callable[[str], str]:
    """Return a parser like `token` for a key that only its issuer can make; `place` is where it shows it."""

    def parse(value: str) -> str:
        return _header_safe(value, f"copy the key again, whole and alone, from {place}")

    return parse


def _header_safe(value: str, advice: str) -> str:
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError(f"which holds blanks or other than printable ASCII: {advice}")
    return value


def pairs(value: str) -> str:
    """Accept `name=value` pairs, comma-separated, as headers of a request; they stay one text."""
    for pair in names(value):
        name, equals, _ = pair.partition("=")
        if not equals or not name.strip() or not pair.isascii() or not pair.isprintable():
            raise ValueError("which is not a list of headers: write name=value,name=value")
    return value
