"""The clone's Python environment: `.venv` as uv.lock says, by the user's uv or a private one."""

import os
import sys
from pathlib import Path

from scripts.bootstrap import cache, packages, progress, world
from scripts.bootstrap.machine import Machine, version
from scripts.bootstrap.refusal import EXIT_MISSING, Refusal
from scripts.bootstrap.sentences import official

MINIMUM_UV = (0, 13)
"""Also `required-version` in pyproject.toml."""

INSTALL_TIMEOUT_SECONDS = 600.0
NETWORK_REMEDY = (
    "check that PyPI (or the index that UV_DEFAULT_INDEX or PIP_INDEX_URL names) answers, then run again"
)


def _stamp(root: Path) -> Path:
    return root / ".exai" / "python.key"


def _inputs(root: Path) -> str:
    return cache.digest([root / "uv.lock", root / "pyproject.toml"], str(root))


def current(root: Path) -> bool:
    """Whether `.venv` was synced from the lock as it is now."""
    stamp = _stamp(root)
    return (root / ".venv/bin/python").is_file() and stamp.is_file() and stamp.read_text() == _inputs(root)


def supply(machine: Machine, root: Path) -> None:
    """Make `.venv` what uv.lock says.

    Raises:
        Refusal: a package or the venv module is not to be had.
    """
    with cache.lock(root / ".exai" / "python.lock"):
        if current(root):
            return
        environment(machine, root, root / ".venv", Path(getattr(sys, "_base_executable", sys.executable)))
        _stamp(root).write_text(_inputs(root))


def environment(machine: Machine, root: Path, folder: Path, interpreter: Path) -> None:
    """Make `folder` what uv.lock says; one that is there keeps its Python.

    Raises:
        Refusal: a package or the venv module is not to be had.
    """
    # Compiled once here, because every Pulumi run imports a large SDK: half a second of each `up`.
    command = [str(_uv(machine, root)), "sync", "--locked", "--compile-bytecode"]
    if not (folder / "bin" / "python").exists():
        command += ["--python", str(interpreter)]
    with progress.step("installing the Python environment from uv.lock", "about 20 s"):
        progress.run(
            command,
            what="Installing the Python environment",
            remedy=f"{NETWORK_REMEDY}, or run `uv lock` if pyproject.toml was edited",
            log=machine.cache / "logs" / "python.log",
            timeout=INSTALL_TIMEOUT_SECONDS,
            environ={
                **_trusting(machine),
                "UV_PYTHON_DOWNLOADS": "never",
                "UV_PROJECT_ENVIRONMENT": str(folder.relative_to(root)),
            },
            cwd=root,
        )


def _uv(machine: Machine, root: Path) -> Path:
    own = machine.which("uv")
    if own and version(machine.ask(str(own), "--version").out) >= MINIMUM_UV:
        return own
    lock = root / "tools" / "uv.txt"
    key = cache.digest([lock], machine.architecture, sys.version)
    return cache.make(machine.cache, "uv", key, lambda out: _install_uv(machine, lock, out)) / "bin" / "uv"


def _install_uv(machine: Machine, lock: Path, out: Path) -> None:
    _require_venv(machine)
    python = getattr(sys, "_base_executable", sys.executable)
    pip = [str(out / "bin/python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    commands = (
        [python, "-m", "venv", str(out)],
        [*pip, "--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", str(lock)],
    )
    with progress.step("installing uv into a private environment", "about 5 s"):
        for command in commands:
            progress.run(
                command,
                what="Installing uv",
                remedy=NETWORK_REMEDY,
                log=machine.cache / "logs" / "uv.log",
                timeout=INSTALL_TIMEOUT_SECONDS,
                environ=_trusting(machine),
            )


def _require_venv(machine: Machine) -> None:
    """Debian keeps `ensurepip` in a package of its own."""
    if machine.ask(sys.executable, "-c", "import ensurepip, venv").code == 0:
        return
    if world.may_install(machine) and world.look(machine) is world.World.REGISTRIES_ONLY:
        packages.install(machine, ("python3-venv",))
        return
    raise Refusal(
        f"This Python has no venv module, which the project's environment needs: {official(machine).venv}.",
        code=EXIT_MISSING,
    )


def _trusting(machine: Machine) -> dict[str, str]:
    """Let pip and uv trust what this host trusts, which a company's intercepting CA needs."""
    environ = {name: value for name, value in machine.environ.items() if name != "VIRTUAL_ENV"}
    bundle = machine.ca_bundle()
    if bundle and os.name == "posix":
        environ.setdefault("SSL_CERT_FILE", str(bundle))
        environ.setdefault("PIP_CERT", str(bundle))
    return environ
