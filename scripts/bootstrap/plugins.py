"""Docker's compose and buildx plugins, from a newer Debian; the system's own packages stay as they are."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from scripts.bootstrap import cache, packages, progress
from scripts.bootstrap.machine import Machine

PACKAGES = {"buildx": "docker-buildx", "compose": "docker-compose"}
SUITE = "trixie"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
SYSTEM_FOLDER = Path("/usr/local/lib/docker/cli-plugins")
DOWNLOAD_TIMEOUT_SECONDS = 300.0
REMEDY = "check that a Debian mirror answers, then run again"


def folder(machine: Machine) -> Path:
    """Where the plugins go: for everybody if we may write there, else for this user."""
    parent = next(path for path in SYSTEM_FOLDER.parents if path.exists())
    return SYSTEM_FOLDER if os.access(parent, os.W_OK) else machine.home / ".docker" / "cli-plugins"


def supply(machine: Machine, names: Sequence[str]) -> None:
    """Put the named plugins beside those that are there.

    Raises:
        Refusal: the mirror does not answer.
    """
    with progress.step(f"installing Docker's {' and '.join(names)} from Debian {SUITE}", "about 10 s"):
        packages.install(machine, ("debian-archive-keyring",))
        wanted = [PACKAGES[name] for name in names]
        key = cache.digest((), SUITE, machine.architecture, *wanted)
        kept = cache.make(machine.cache, "plugins", key, lambda out: _download(machine, wanted, out))
        target = folder(machine)
        target.mkdir(parents=True, exist_ok=True)
        for name in names:
            partial = target / f".docker-{name}.{os.getpid()}"
            shutil.copy2(kept / f"docker-{name}", partial)
            partial.rename(target / f"docker-{name}")


def _download(machine: Machine, wanted: Sequence[str], out: Path) -> None:
    work = out / "work"
    for part in ("lists/partial", "cache/archives/partial", "x"):
        (work / part).mkdir(parents=True)
    sources = work / "sources.list"
    sources.write_text(f"deb [signed-by={KEYRING}] {packages.mirror(machine)} {SUITE} main\n")
    private = {
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": work / "lists",
        "Dir::Cache": work / "cache",
        "APT::Sandbox::User": "root",
        "Acquire::Retries": 3,
    }
    apt = ["apt-get", "-qq", *(part for name, value in private.items() for part in ("-o", f"{name}={value}"))]
    commands = [[*apt, "update"], [*apt, "download", *wanted]]
    for command in commands:
        _run(machine, command, work)
    for package in sorted(work.glob("*.deb")):
        _run(machine, ["dpkg-deb", "-x", str(package), str(work / "x")], work)
    for plugin in (work / "x/usr/libexec/docker/cli-plugins").iterdir():
        plugin.rename(out / plugin.name)
    shutil.rmtree(work)


def _run(machine: Machine, command: Sequence[str], cwd: Path) -> None:
    progress.run(
        command,
        what="Fetching Docker's plugins",
        remedy=REMEDY,
        log=machine.cache / "logs" / "plugins.log",
        timeout=DOWNLOAD_TIMEOUT_SECONDS,
        environ=machine.environ,
        cwd=cwd,
    )
