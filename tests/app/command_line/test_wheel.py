"""The wheel: what it carries, and that `uvx` runs the command out of it."""

import os
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.version import VERSION

ROOT = Path(__file__).resolve().parents[3]
CARRIED = ("app", "infra", "pyproject.toml", "README.md", "LICENSE")
BUILD_SECONDS = 300


@pytest.fixture(scope="module")
def uv() -> str:
    """The user's uv, or the one that the bootstrap keeps for itself."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "exai-mcp-server"
    found = [shutil.which("uv"), *map(str, cache.glob("uv-*/bin/uv"))]
    usable = next((path for path in found if path), None)
    if usable is None:
        pytest.skip("there is no uv, which builds the wheel (run `python3 scripts/bootstrap`)")
    return usable


@pytest.fixture(scope="module")
def wheel(uv: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Build from a copy, so that nothing is left in the tree."""
    folder = tmp_path_factory.mktemp("source")
    for name in CARRIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    subprocess.run(
        [uv, "build", "--wheel", "--out-dir", folder / "dist"],
        cwd=folder,
        capture_output=True,
        check=True,
        timeout=BUILD_SECONDS,
    )
    yield next((folder / "dist").glob("*.whl"))
    shutil.rmtree(folder)


def test_it_carries_every_module_and_migration_and_no_test(wheel: Path) -> None:
    carried = set(zipfile.ZipFile(wheel).namelist())
    source = {
        str(path.relative_to(ROOT))
        for pattern in ("*.py", "*.sql", "*.html", "*.css", "*.js", "*.svg", "py.typed")
        for path in (ROOT / "app").rglob(pattern)
    }

    assert {name for name in source if name.endswith(".sql")}
    assert source <= carried
    assert [name for name in carried if "test" in name.lower()] == []


@pytest.mark.parametrize("command", ["exai-mcp", "exai-mcp-server"])
def test_uvx_runs_the_command_from_it(command: str, uv: str, wheel: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [uv, "tool", "run", "--from", str(wheel), command, "--version"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=BUILD_SECONDS,
        env={**os.environ, "UV_TOOL_DIR": str(tmp_path / "tools"), "PYTHONPATH": ""},
    )

    assert (done.returncode, done.stdout) == (0, f"{VERSION}\n"), done.stderr
