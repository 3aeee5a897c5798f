"""What uv.lock pins: everything, and the part of it that the production image is made from."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app import contract


def everything(root: Path) -> Mapping[str, str]:
    """Return the version of every locked package by name."""
    return {name: one["version"] for name, one in _packages(root).items() if name != contract.NAME}


def production(root: Path, *, on_every_system: bool = False) -> Mapping[str, str]:
    """Return the version of every package that the server needs: on some system, or on every one."""
    packages = _packages(root)
    found: set[str] = set()
    waiting = list(packages[contract.NAME]["dependencies"])
    while waiting:
        dependency = waiting.pop()
        if on_every_system and "marker" in dependency:
            continue
        package = packages[dependency["name"]]
        extras = package.get("optional-dependencies", {})
        waiting += [one for extra in dependency.get("extra", ()) for one in extras.get(extra, ())]
        if dependency["name"] not in found:
            found.add(dependency["name"])
            waiting += package.get("dependencies", ())
    return {name: packages[name]["version"] for name in found}


def _packages(root: Path) -> Mapping[str, Mapping[str, Any]]:
    lock = tomllib.loads((root / "uv.lock").read_text(encoding="utf-8"))
    return {one["name"]: one for one in lock["package"]}
