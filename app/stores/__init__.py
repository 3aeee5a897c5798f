"""What must outlive the process: small Protocols, one implementation of their sum a database."""

from app.stores.database import Schema
from app.stores.errors import NotFoundError, SchemaTooNewError, StoreError, StoreUnavailableError
from app.stores.protocol import (
    AuditLog,
    FileStore,
    JobStore,
    Ledger,
    Store,
    ThreadStore,
)

__all__ = [
    "AuditLog",
    "FileStore",
    "JobStore",
    "Ledger",
    "NotFoundError",
    "Schema",
    "SchemaTooNewError",
    "Store",
    "StoreError",
    "StoreUnavailableError",
    "ThreadStore",
]
