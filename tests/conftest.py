"""What every test may rely on: the bootstrap's environment, and loud skips where a real part is missing."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.bootstrap.browser import find as find_browser
from scripts.bootstrap.machine import Machine

ROOT = Path(__file__).resolve().parent.parent
ENGINE_TIMEOUT_SECONDS = 10
TOO_LONG = "takes minutes, so only `make e2e` runs it (EXAI_LONG=1)"
MISSING_BROWSER = "no Chromium: install one (Debian: `apt-get install chromium`), or name it in CHROMIUM"


def _adopt_environment(path: Path) -> None:
    """Take over what `scripts/bootstrap` exported, so that a bare `pytest` sees what `make test` sees."""
    if not path.is_file():
        return
    script = f". {shlex.quote(str(path))} && env -0"
    entries = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    os.environ.update(entry.split("=", 1) for entry in entries.split("\0") if "=" in entry)


def _missing_engine() -> str | None:
    if shutil.which("docker") is None:
        return "docker is not on PATH"
    try:
        answer = subprocess.run(
            ["docker", "info", "--format", "{{.ServerVersion}}"],
            capture_output=True,
            text=True,
            timeout=ENGINE_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"the Docker engine did not answer within {ENGINE_TIMEOUT_SECONDS} s"
    return None if answer.returncode == 0 else f"no Docker engine: {answer.stderr.strip().splitlines()[-1]}"


def _missing_pulumi() -> str | None:
    return None if shutil.which("pulumi") else "pulumi is not on PATH (run `python3 scripts/bootstrap`)"


def _missing_live(vendors: tuple[str, ...]) -> str | None:
    """Say why a test that costs money is not run: nobody asked for it, or there is no key."""
    if os.environ.get("EXAI_LIVE") != "1":
        return "calls a paid vendor API, so it runs only with EXAI_LIVE=1 (docs/live-tests.md)"
    keys = [f"{vendor.upper()}_API_KEY" for vendor in vendors]
    missing = [name for name in keys if not os.environ.get(name)]
    return f"{' and '.join(missing)} not set, and a real vendor wants a real key" if missing else None


def _missing_browser() -> str | None:
    return None if find_browser(Machine.this()) else MISSING_BROWSER


def pytest_configure() -> None:
    _adopt_environment(ROOT / ".exai" / "env")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    looks = {"engine": _missing_engine, "pulumi": _missing_pulumi, "browser": _missing_browser}
    for marker, look in looks.items():
        marked = [item for item in items if item.get_closest_marker(marker)]
        reason = look() if marked else None
        for item in marked if reason else []:
            item.add_marker(pytest.mark.skip(reason=reason))
    for item in items:
        live = item.get_closest_marker("live")
        if live is not None and (why := _missing_live(live.args)):
            item.add_marker(pytest.mark.skip(reason=why))
        if item.get_closest_marker("long") and os.environ.get("EXAI_LONG") != "1":
            item.add_marker(pytest.mark.skip(reason=TOO_LONG))
