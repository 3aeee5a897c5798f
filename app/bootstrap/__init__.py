"""The composition root: settings become adapters, a dispatcher and one web application.

The only package that knows concrete classes; everything else is handed what it needs.
"""

from app.bootstrap.application import (
    CLIENTS,
    DISPATCHER,
    HEALTH,
    HTTP,
    JOBS,
    PAGE,
    SHUTDOWN,
    WEBSOCKET,
    build_app,
)

__all__ = ["CLIENTS", "DISPATCHER", "HEALTH", "HTTP", "JOBS", "PAGE", "SHUTDOWN", "WEBSOCKET", "build_app"]
