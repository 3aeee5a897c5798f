"""The vendors that have a key: a connection each, and the gateway over them.

httpx is loaded only where there is a key, which a server that only shows threads does not need.
"""

import hashlib
from typing import TYPE_CHECKING

from app.providers.catalog import GLM, KIMI, VENDORS
from app.providers.gateway import VendorGateway
from app.settings import Secret, Settings
from app.shared import Shared

if TYPE_CHECKING:
    from app.providers.connection import Connection

Connections = dict[str, "Connection"]


def keys(settings: Settings) -> dict[str, Secret]:
    """Return the keys that are set, by vendor."""
    found = {KIMI.id: settings.kimi_api_key, GLM.id: settings.glm_api_key}
    return {vendor: key for vendor, key in found.items() if key is not None}


def connections(settings: Settings) -> Connections:
    """Make a connection for each vendor with a key; none is opened yet.

    Raises:
        ConfigurationError: a certificate file or a proxy of the environment cannot be used.
    """
    found = keys(settings)
    if not found:
        return {}
    from app.providers import http_client
    from app.providers.connection import Connection

    urls = {KIMI.id: settings.kimi_base_url, GLM.id: settings.glm_base_url}
    trusted = http_client.trust()
    return {
        vendor.id: Connection(
            vendor,
            urls[vendor.id],
            found[vendor.id],
            known=settings.models.names(vendor.id),
            trusted=trusted,
        )
        for vendor in VENDORS
        if vendor.id in found
    }


def gateway(settings: Settings, made: Connections, shared: Shared) -> VendorGateway:
    """Make the gateway; replicas that share a key share its places and breakers."""
    if not made:
        return VendorGateway({}, shared, {})
    from app.providers.client import ChatClient

    accounts = {
        vendor: hashlib.sha256(key.reveal().encode()).hexdigest()[:16]
        for vendor, key in keys(settings).items()
    }
    return VendorGateway({vendor: ChatClient(one) for vendor, one in made.items()}, shared, accounts)
