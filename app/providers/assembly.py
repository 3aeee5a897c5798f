"""Puts the vendors that have a key together; loading this module loads the HTTP client.

So it is loaded only where there is a key, as a store's driver is only where the store is configured.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from functools import partial

import structlog
from msgspec import Struct

from app.providers import free_request, http_client, kimi_search, look_round
from app.providers.catalog import GLM, KIMI, VENDORS, Catalog
from app.providers.client import ChatClient
from app.providers.connection import Connection
from app.providers.gateway import Shared, VendorGateway
from app.providers.glm_layout import GlmLayout
from app.providers.glm_search import GlmSearch
from app.providers.kimi_files import KimiFiles
from app.providers.kimi_search import KimiSearch
from app.providers.protocol import Extraction, FreeRequest, PageReader, WebSearch
from app.settings import Secret

log = structlog.get_logger(__name__)


class Vendors(Struct, frozen=True):
    """Everything that vendors do for us, the preferred one first; empty where nobody with a key does it."""

    gateway: VendorGateway
    searches: tuple[WebSearch, ...]
    readers: tuple[PageReader, ...]
    extractions: tuple[Extraction, ...]
    _connections: tuple[Connection, ...]
    _catalog: Catalog
    _files: KimiFiles | None

    async def look_round(self) -> None:
        """Warn in the log of what would fail later; bounded and never fatal, for a task at the start."""
        for found in await asyncio.gather(
            *(look_round.warnings(connection, self._catalog) for connection in self._connections)
        ):
            for warning in found:
                log.warning(warning)

    def free_requests(self) -> dict[str, FreeRequest]:
        """Return, by vendor id, what makes a request that costs nothing; see `free_request.make`."""
        return {
            connection.vendor.id: partial(free_request.make, connection, self._catalog)
            for connection in self._connections
        }

    async def close(self) -> None:
        """Delete what is still at the vendors, and close every connection."""
        if self._files is not None:
            await self._files.close()
        for connection in self._connections:
            await connection.close()


def assemble(
    catalog: Catalog, keys: Mapping[str, Secret], urls: Mapping[str, str], shared: Shared
) -> Vendors:
    """Make what the keys allow; `keys` and `urls` are by vendor id.

    Raises:
        ConfigurationError: the proxy or the certificates of the environment cannot be used.
    """
    trusted = http_client.trust()
    connections = {
        vendor.id: Connection(
            vendor, urls[vendor.id], keys[vendor.id], known=catalog.names(vendor.id), trusted=trusted
        )
        for vendor in VENDORS
        if vendor.id in keys
    }
    clients = {vendor: ChatClient(connection) for vendor, connection in connections.items()}
    accounts = {vendor: _digest(keys[vendor]) for vendor in clients}
    gateway = VendorGateway(clients, shared, accounts)
    glm, kimi = connections.get(GLM.id), connections.get(KIMI.id)
    files = KimiFiles(kimi) if kimi else None
    reader = next((one for one in catalog.models if one.vendor.id == KIMI.id and kimi_search.fits(one)), None)
    return Vendors(
        gateway=gateway,
        searches=(
            *([GlmSearch(glm)] if glm else []),
            *([KimiSearch(kimi, gateway, reader)] if kimi and reader else []),
        ),
        readers=(GlmSearch(glm),) if glm else (),
        extractions=(*([files] if files else []), *([GlmLayout(glm)] if glm else [])),
        _connections=tuple(connections.values()),
        _catalog=catalog,
        _files=files,
    )


def _digest(key: Secret) -> str:
    """Tell keys apart without telling them."""
    return hashlib.sha256(key.reveal().encode()).hexdigest()[:12]
