"""What `exai-mcp doctor` examines: the same parts as a server's, made from the same settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.bootstrap import adapters, vendors
from app.doctor.examination import Parts
from app.health import Health
from app.settings import Settings


@asynccontextmanager
async def examined(settings: Settings) -> AsyncIterator[Parts]:
    """Make the parts; what was opened of them is closed afterwards.

    Raises:
        ConfigurationError: the proxy or the certificates of the environment cannot be used.
    """
    store, shared = adapters.store(settings), adapters.shared(settings)
    made = vendors.assembled(settings, shared)
    try:
        await shared.open()
        health = Health(adapters.dependencies(store, shared, frozenset(vendors.keys(settings))))
        yield Parts(store, shared, health, made.free_requests())
    finally:
        await made.close()
        await shared.close()
        await store.close()
