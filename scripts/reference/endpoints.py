"""The table of what is served, asked of a real application."""

import tempfile
from collections import defaultdict
from pathlib import Path

from app import contract
from app.bootstrap import build_app
from app.settings import Settings
from app.transports.guard import PROBES
from scripts.reference.blocks import table
from scripts.reference.sentences import under_constants

BY_WEBSOCKET = {"/": {"WebSocket"}, contract.MCP_PATH: {"DELETE", "GET", "POST", "WebSocket"}}
"""A WebSocket begins as a GET, so its routes do not show what they are for."""


def routes() -> dict[str, set[str]]:
    """Return the methods of every path that the application serves, `HEAD` left out."""
    found: dict[str, set[str]] = defaultdict(set)
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        app = build_app(Settings.from_env({"DATA_DIR": f"{where}/data", "CONFIG_DIR": folder}, where))
        for route in app.router.routes():
            if route.resource is not None and route.method != "HEAD":
                found[route.resource.canonical].add(route.method)
    return found


def endpoints() -> str:
    """Return every endpoint; what is below the status page's own is on its page."""
    words = {
        getattr(contract, name): text
        for name, text in under_constants(contract).items()
        if name.endswith("_PATH")
    }
    words["/"] = f"MCP over WebSocket, as at `{contract.MCP_PATH}`."
    rows = [
        (f"`{path}`", ", ".join(sorted(BY_WEBSOCKET.get(path, methods))), _needs(path), words[path])
        for path, methods in sorted(routes().items())
        if not path.startswith(f"{contract.STATUS_PATH}/")
    ]
    return table(("path", "methods", "needs", "what it is"), *rows)


def _needs(path: str) -> str:
    if path in PROBES:
        return "nothing; with the token it tells the reasons"
    return "the page's cookie, else the login is shown" if path == contract.STATUS_PATH else "the token"
