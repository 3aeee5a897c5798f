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

WEBSOCKET = "WebSocket"


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
    rows = []
    for path, methods in routes().items():
        if path.startswith(f"{contract.STATUS_PATH}/"):
            continue
        if path in ("/", contract.MCP_PATH):
            methods = {WEBSOCKET, *methods} if path != "/" else {WEBSOCKET}
        meaning = words[contract.MCP_PATH if path == "/" else path]
        rows.append((f"`{path}`", ", ".join(sorted(methods)), _needs(path), meaning))
    return table(("path", "methods", "needs", "what it is"), *rows)


def _needs(path: str) -> str:
    if path in PROBES:
        return "nothing; with the token it tells the reasons"
    return "the page's cookie, else the login is shown" if path == contract.STATUS_PATH else "the token"
