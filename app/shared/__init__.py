"""What replicas share and may lose: rate windows, session records, signals and event streams."""

from app.shared.protocol import START, Entry, Kept, Shared, SharedUnavailableError, Window

__all__ = ["START", "Entry", "Kept", "Shared", "SharedUnavailableError", "Window"]
