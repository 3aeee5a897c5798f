"""What must outlive the process: one Protocol, one implementation a database."""

from app.stores.errors import SchemaTooNewError, StoreError, StoreUnavailableError
from app.stores.protocol import Store

__all__ = ["SchemaTooNewError", "Store", "StoreError", "StoreUnavailableError"]
