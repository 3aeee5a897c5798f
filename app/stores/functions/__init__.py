"""Stores whose every operation is one SQL function: `exai.NAME(args jsonb)` returns jsonb.

The functions are in `app/stores/migrations/postgres`; PostgreSQL and Supabase have the same.
"""

from app.stores.functions.calling import NOT_FOUND, TryAgainError, encode
from app.stores.functions.store import FunctionStore

__all__ = ["NOT_FOUND", "FunctionStore", "TryAgainError", "encode"]
