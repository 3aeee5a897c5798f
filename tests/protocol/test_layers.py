"""The core stands alone: nothing of ours outside it, and no way to do I/O."""

import ast
import subprocess
import sys
from pathlib import Path

import app.protocol

ALLOWED = {"app.protocol", "msgspec", "orjson", "pydantic", "pydantic_core", "cryptography"}
PACKAGE = Path(app.protocol.__path__[0])


def _imports(source: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found.add(node.module or "")
    return found


def test_the_core_imports_only_itself_and_its_four_libraries() -> None:
    files = list(PACKAGE.rglob("*.py"))
    foreign = {
        (file.name, name)
        for file in files
        for name in _imports(file.read_text())
        if name.partition(".")[0] not in sys.stdlib_module_names
        and not any(name == allowed or name.startswith(f"{allowed}.") for allowed in ALLOWED)
    }

    assert files
    assert foreign == set()


def test_importing_the_core_brings_in_no_transport_and_no_store() -> None:
    script = "import sys, app.protocol.dispatcher; print(' '.join(sys.modules))"
    loaded = set(
        subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        ).stdout.split()
    )

    assert "app.protocol.dispatcher" in loaded
    assert not loaded & {
        "aiohttp",
        "asyncpg",
        "redis",
        "structlog",
        "app.transports",
        "app.tools",
        "app.settings",
    }
