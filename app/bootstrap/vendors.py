"""The vendors that have a key. The HTTP client is loaded only where there is one."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from app.providers.catalog import GLM, KIMI
from app.providers.gateway import VendorGateway
from app.providers.protocol import Extraction, FreeRequest, WebSearch
from app.settings import Secret, Settings
from app.shared import Shared


class Vendors(Protocol):
    """What vendors do for us."""

    @property
    def gateway(self) -> VendorGateway:
        """Their models."""

    @property
    def searches(self) -> Sequence[WebSearch]:
        """Who searches the web, the preferred one first."""

    @property
    def extractions(self) -> Sequence[Extraction]:
        """Who reads documents, the preferred one first."""

    async def look_round(self) -> None:
        """Warn in the log of what would fail later."""

    def free_requests(self) -> Mapping[str, FreeRequest]:
        """Return, by vendor id, what makes a request that costs nothing."""

    async def close(self) -> None:
        """Give everything back."""


class NoVendors:
    """A server without a key: it shows threads, and says what to set."""

    def __init__(self, shared: Shared) -> None:
        self.gateway = VendorGateway({}, shared, {})
        self.searches: Sequence[WebSearch] = ()
        self.extractions: Sequence[Extraction] = ()

    async def look_round(self) -> None:
        """Nobody to look at."""

    def free_requests(self) -> Mapping[str, FreeRequest]:
        """Nobody to ask."""
        return {}

    async def close(self) -> None:
        """Nothing to give back."""


def keys(settings: Settings) -> dict[str, Secret]:
    """Return the keys that are set, by vendor."""
    found = {KIMI.id: settings.kimi_api_key, GLM.id: settings.glm_api_key}
    return {vendor: key for vendor, key in found.items() if key is not None}


def assembled(settings: Settings, shared: Shared) -> Vendors:
    """Put together what the keys allow.

    Raises:
        ConfigurationError: the proxy or the certificates of the environment cannot be used.
    """
    found = keys(settings)
    if not found:
        return NoVendors(shared)
    from app.providers.assembly import assemble

    urls = {KIMI.id: settings.kimi_base_url, GLM.id: settings.glm_base_url}
    return assemble(settings.models, found, urls, shared)
