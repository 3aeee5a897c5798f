"""What the settings choose among: a store, a shared state, the seal and the guard.

Imports stand where something is made, so that nothing is loaded that is not configured.
"""

import socket

from app.health import Dependency
from app.protocol.sealing import Seal
from app.providers.catalog import VENDORS
from app.settings import Settings
from app.shared import Shared
from app.shared.in_process import InProcess
from app.stores import Store
from app.telemetry.observed import Wrap, observed
from app.transports.fairness import Shares
from app.transports.guard import Guard
from app.transports.tarpit import Tarpit
from app.transports.throttle import Throttle


def replica() -> str:
    """Name this process among its replicas: the host name, which in a container is its id."""
    return socket.gethostname()


def store(settings: Settings, *wraps: Wrap) -> Store:
    """Make the store that the settings name, its operations wrapped; nothing is opened yet."""
    return observed(_store(settings), Store, *wraps)


def _store(settings: Settings) -> Store:
    if settings.store == "postgres" and settings.database_url is not None:
        from app.stores.postgres import PostgresStore

        return PostgresStore(settings.database_url)
    if (
        settings.store == "supabase"
        and settings.supabase_url is not None
        and settings.supabase_service_role_key is not None
    ):
        from app.stores.supabase import SupabaseStore

        return SupabaseStore(settings.supabase_url, settings.supabase_service_role_key)
    from app.stores import sqlite

    return sqlite.SqliteStore(settings.data_dir / sqlite.FILE_NAME)


def shared(settings: Settings, *wraps: Wrap) -> Shared:
    """Make the shared state: Redis, its operations wrapped, with a fallback; or this process alone."""
    if settings.redis_url is None:
        return InProcess()
    from app.shared.fallback import Fallback
    from app.shared.redis import RedisShared

    # Waiting for an entry is not time that Redis takes.
    return Fallback(observed(RedisShared(settings.redis_url), Shared, *wraps, leave={"entries"}))


def seal(settings: Settings) -> Seal:
    """Make the seal of what travels through clients."""
    keys = (settings.state_key, settings.state_key_previous)
    return Seal([key.reveal().encode() for key in keys if key is not None])


def guard(settings: Settings, shared: Shared, shares: Shares) -> Guard:
    """Make the guard; `LiveClients` brings it its clients."""
    limits = settings.server_file.limits
    public = settings.public_url.lower() if settings.public_url else None
    host = settings.public_host
    return Guard(
        clients={},
        allowed_hosts=[*settings.allowed_hosts, *([host] if host else [])],
        allowed_origins=[
            *settings.allowed_origins,
            *([f"{public.partition('://')[0]}://{host}"] if public else []),
        ],
        trusted_proxies=[str(network) for network in settings.trusted_proxies],
        max_connections=limits.connections,
        max_connections_per_client=limits.connections_per_client,
        throttle=Throttle(
            max_failures=limits.wrong_tokens, window_seconds=limits.wrong_token_seconds, shared=shared
        ),
        shares=shares,
        tarpit=Tarpit(limits.held_back_seconds),
    )


def dependencies(store: Store, shared: Shared, with_key: frozenset[str]) -> list[Dependency]:
    """Name what the server leans on, each with its ping; `with_key` are the vendors that can be called."""

    async def any_key() -> None:
        if not with_key:
            names = " or ".join(vendor.key_variable for vendor in VENDORS)
            raise LookupError(f"No vendor key is set, so no model can be called: set {names}.")

    return [
        Dependency("store", store.name, required=True, ping=store.ping),
        Dependency("shared state", shared.name, required=False, ping=shared.ping),
        Dependency("models", "vendor keys", required=False, ping=any_key),
    ]
