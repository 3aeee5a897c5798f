"""The arrows of the architecture: who may import whom, read from the source."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "app"
DRIVERS = {"asyncpg", "redis", "sqlite3", "httpx", "supabase"}


def parsed(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_text())
    except SystemError:
        # CPython 3.11 counts its recursion wrongly where another thread parses meanwhile (cpython#106905).
        return ast.parse(path.read_text())


def imports(path: Path) -> set[str]:
    """Every module a file names in an import, wherever in the file it stands."""
    found = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def violations(folder: str, *forbidden: str) -> list[str]:
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sorted((PACKAGE / folder).rglob("*.py"))
        for name in sorted(imports(path))
        if any(name == bad or name.startswith(f"{bad}.") for bad in forbidden)
    ]


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        (
            "protocol",
            ["aiohttp", "app.settings", "app.transports", "app.tools", "app.stores", "app.shared", *DRIVERS],
        ),
        ("tools", ["aiohttp", "app.settings", "app.transports", "app.shared", *DRIVERS]),
        ("transports", ["app.settings", "app.stores", "app.shared", "app.tools", *DRIVERS]),
        (
            "page",
            [
                "app.settings",
                "app.shared",
                "app.tools",
                "app.bootstrap",
                "app.jobs.jobs",
                "app.health",
                "app.transports.guard",
                "app.transports.bus",
                "app.transports.http",
                "app.transports.websocket",
                *DRIVERS,
            ],
        ),
        ("stores", ["aiohttp", "app.transports", "app.protocol", "app.tools", "app.shared"]),
        ("shared", ["aiohttp", "app.transports", "app.protocol", "app.tools", "app.stores"]),
        (
            "providers",
            [
                "aiohttp.web",
                "app.transports",
                "app.protocol",
                "app.tools",
                "app.stores",
                "app.shared",
                *DRIVERS,
            ],
        ),
    ],
)
def test_imports_point_inward(folder: str, forbidden: list[str]) -> None:
    assert violations(folder, *forbidden) == []


def test_only_bootstrap_knows_the_implementations() -> None:
    stores = {"app.stores.sqlite", "app.stores.postgres", "app.stores.supabase"}
    classes = {*stores, "app.shared.redis", "app.shared.fallback"}
    knowing = {path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py") if imports(path) & classes}

    # An implementation of several files knows itself.
    assert {path.as_posix() for path in knowing if path.parts[:2] != ("stores", "sqlite")} == {
        "bootstrap/adapters.py"
    }


def test_no_file_is_too_long_to_hold_one_concept() -> None:
    assert [path for path in PACKAGE.rglob("*.py") if len(path.read_text().splitlines()) > 250] == []
