"""Whether a certificate will do: whether it parses, has the right key and name, and is in its time."""

import fnmatch
import ipaddress
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key


def fault(chain: str, key: str, url: str) -> str | None:
    """Return the sentence about a chain and a key in PEM that cannot serve this URL; None if they can.

    Whether clients trust the issuer is theirs to say.
    """
    try:
        leaf = x509.load_pem_x509_certificates(chain.encode())[0]
    except ValueError:
        return (
            "`{ns}tlsCertificate` is no certificate in PEM: set it to the chain, the server's own "
            "certificate first."
        )
    try:
        private = load_pem_private_key(key.encode(), password=None)
    except (ValueError, TypeError):
        return "`{ns}tlsKey` is no private key in PEM without a passphrase of its own: set it to one."
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if private.public_key().public_bytes(*form) != leaf.public_key().public_bytes(*form):
        return "`{ns}tlsKey` is not the key of `{ns}tlsCertificate`: set the two that belong together."
    now = datetime.now(UTC)
    if not leaf.not_valid_before_utc <= now <= leaf.not_valid_after_utc:
        return (
            f"`{{ns}}tlsCertificate` is valid from {leaf.not_valid_before_utc:%Y-%m-%d} to "
            f"{leaf.not_valid_after_utc:%Y-%m-%d} only: set one that is valid now."
        )
    host = urlsplit(url).hostname or ""
    if not any(_matches(name, host) for name in _names(leaf)):
        return (
            f"`{{ns}}tlsCertificate` is not for {host}, by which clients reach this stack: set one that is, "
            "or set `{ns}publicUrl` to the address that it is for."
        )
    return None


def _names(leaf: x509.Certificate) -> Iterator[str]:
    try:
        alternatives = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return
    yield from alternatives.get_values_for_type(x509.DNSName)
    yield from (str(address) for address in alternatives.get_values_for_type(x509.IPAddress))


def _matches(name: str, host: str) -> bool:
    """Compare as RFC 6125 does: a leading `*` stands for one label."""
    try:
        return ipaddress.ip_address(name) == ipaddress.ip_address(host)
    except ValueError:
        pass
    if name.count(".") != host.count("."):
        return False
    return name.lower() == host.lower() or (
        name.startswith("*.") and fnmatch.fnmatch(host.lower(), name.lower())
    )
