"""What replicas share and may lose: rate windows now, signals and session streams later."""

from app.shared.protocol import Shared, SharedUnavailableError, Window

__all__ = ["Shared", "SharedUnavailableError", "Window"]
