"""The Pulumi toolchain built from Go modules, for networks where Pulumi's own downloads do not answer."""

import os
from pathlib import Path

from scripts.bootstrap import cache, golang, look, progress
from scripts.bootstrap.machine import Machine

BUILD_TIMEOUT_SECONDS = 3600.0
INSTALL_TIMEOUT_SECONDS = 120.0
PROVIDER_VERSION = "5.2.0"
PARTS = (
    ("the Pulumi CLI", "bin/pulumi"),
    ("its Python language host", "bin/pulumi-language-python"),
    ("the Docker provider", "provider/pulumi-resource-docker"),
)
"""What tools/toolchain/build.sh makes, in its order."""

MODULES = ("cli", "language", "docker", "docker/shim")


def key(machine: Machine, root: Path) -> str:
    """Name the build after its inputs."""
    folder = root / "tools" / "toolchain"
    files = [folder / "build.sh", folder / "go.txt"]
    for module in MODULES:
        files += [file for file in (folder / module).iterdir() if file.is_file()]
    return cache.digest(files, machine.architecture)


def cached(machine: Machine, root: Path) -> Path | None:
    """Return the finished build, if this machine has it."""
    made = cache.entry(machine.cache, "toolchain", key(machine, root))
    return made if made.is_dir() else None


def under_way(out: Path | None) -> str:
    """Say which part is being built into `out`; a part's file appears when it is done."""
    if out is None:
        return "(fetching Go)"
    for number, (name, file) in enumerate(PARTS, start=1):
        if not (out / file).exists():
            return f"({name}, {number} of {len(PARTS)})"
    return "(finishing)"


def supply(machine: Machine, root: Path) -> Path:
    """Return the build, made now if it is not there.

    Raises:
        Refusal: Go or a module is not to be had.
    """
    made = cached(machine, root)
    if made:
        return made
    place: Path | None = None
    with progress.step(
        "building Pulumi and its Docker provider from Go modules",
        "the first time 6 min on two free cores, longer on a busy machine",
        lambda: under_way(place),
    ):
        go = golang.supply(machine, root)
        path = f"{go}{os.pathsep}{machine.environ.get('PATH', '')}"

        def build(out: Path) -> None:
            nonlocal place
            place = out
            progress.run(
                ["bash", str(root / "tools/toolchain/build.sh"), str(out)],
                what="Building the Pulumi toolchain",
                remedy="check that the Go module proxy (GOPROXY) answers and 5 GB are free, then run again",
                log=machine.cache / "logs" / "toolchain.log",
                timeout=BUILD_TIMEOUT_SECONDS,
                environ={**machine.environ, "PATH": path},
            )

        return cache.make(machine.cache, "toolchain", key(machine, root), build)


def home(root: Path) -> Path:
    """Where this clone's Pulumi keeps its plugins."""
    return root / ".exai" / "pulumi"


def _stamp(root: Path) -> Path:
    return home(root) / "provider.key"


def installed(machine: Machine, root: Path) -> Path | None:
    """Return the build if it is finished, this clone has its provider, and the user has no Pulumi already."""
    made = cached(machine, root)
    if made is None or not _has_provider(root, made):
        return None
    return None if look.pulumi(machine).usable else made


def install_provider(machine: Machine, root: Path, made: Path) -> None:
    """Give this clone's Pulumi the provider, once for each build.

    Raises:
        Refusal: `pulumi plugin install` failed.
    """
    if _has_provider(root, made):
        return
    with cache.lock(root / ".exai" / "provider.lock"):
        if not _has_provider(root, made):
            _install_provider(machine, root, made)


def _has_provider(root: Path, made: Path) -> bool:
    stamp = _stamp(root)
    return stamp.is_file() and stamp.read_text() == made.name


def _install_provider(machine: Machine, root: Path, made: Path) -> None:
    home(root).mkdir(parents=True, exist_ok=True)
    with progress.step("installing the Docker provider for this clone", "about 2 s"):
        progress.run(
            [
                str(made / "bin/pulumi"),
                *("plugin", "install", "resource", "docker", PROVIDER_VERSION, "--reinstall"),
                *("--file", str(made / "provider/pulumi-resource-docker")),
            ],
            what="Installing the Docker provider",
            remedy=f"remove {made} and run again",
            log=machine.cache / "logs" / "provider.log",
            timeout=INSTALL_TIMEOUT_SECONDS,
            environ={**machine.environ, "PULUMI_HOME": str(home(root)), "PULUMI_SKIP_UPDATE_CHECK": "true"},
        )
    _stamp(root).write_text(made.name)
