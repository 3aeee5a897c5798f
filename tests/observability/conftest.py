"""Prometheus' own programs: from PATH, else from Debian's package, kept in the user's cache."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

DOWNLOAD_SECONDS = 300
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "exai-mcp-server"
PACKAGE = "prometheus"
LISTS = CACHE / "apt-lists"
PRIVATE = {
    "Dir::State::lists": LISTS,
    "Dir::Cache::pkgcache": "",
    "Dir::Cache::srcpkgcache": "",
    "APT::Sandbox::User": "root",
}
"""Lists of packages of our own: a machine may have none, and the system's are not ours to fetch."""


def _apt(*command: str, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    options = [part for name, value in PRIVATE.items() for part in ("-o", f"{name}={value}")]
    program, *arguments = command
    return subprocess.run(
        [program, *options, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=DOWNLOAD_SECONDS,
    )


def _candidate() -> str | None:
    """Return the version that apt would take; None where it knows none."""
    shown = _apt("apt-cache", "policy", PACKAGE).stdout
    version = next((line.split()[1] for line in shown.splitlines() if "Candidate:" in line), "(none)")
    return None if version == "(none)" else version


def _from_debian() -> Path | str:
    """Unpack the package without installing it; returns its programs' folder, or why there is none."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        return "promtool is not on PATH, and this is no Debian to take it from"
    version = _candidate()
    if version is None:
        (LISTS / "partial").mkdir(parents=True, exist_ok=True)
        updated = _apt("apt-get", "-qq", "update")
        version = _candidate()
        if version is None:
            return (
                f"promtool is not on PATH, and apt has no package prometheus: {updated.stderr.strip()[-200:]}"
            )
    folder = CACHE / f"prometheus-{version.replace(':', '_')}"
    if not (folder / "usr/bin/promtool").exists():
        partial = folder.with_name(f"{folder.name}.{os.getpid()}")
        partial.mkdir(parents=True)
        try:
            done = _apt("apt-get", "download", PACKAGE, cwd=partial)
            if done.returncode:
                return (
                    f"promtool is not on PATH, and apt-get cannot download it: {done.stderr.strip()[-200:]}"
                )
            (package,) = partial.glob("*.deb")
            subprocess.run(["dpkg-deb", "-x", package, partial], check=True, timeout=DOWNLOAD_SECONDS)
            package.unlink()
            if not folder.exists():
                partial.rename(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return folder / "usr/bin"


@pytest.fixture(scope="session")
def programs() -> Path:
    """The folder of `prometheus` and `promtool`; the test is skipped where neither can be had."""
    here = shutil.which("promtool")
    found = Path(here).parent if here and shutil.which("prometheus") else _from_debian()
    if isinstance(found, str):
        pytest.skip(found)
    return found
